"""The live runs at the top of the start screen."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.app.screens.test_start import BOX, some_runs
from tuitrain.app.renderables.tables.live_runs import live_run_row
from tuitrain.app.start_app import StartApp
from tuitrain.app.start_choice import AttachRun, StartChoice
from tuitrain.app.widgets.tables.pick_list import PickList
from tuitrain.remote.client.live_list import LiveList
from tuitrain.remote.control.replies import ListedRun
from tuitrain.scenario.runs.run_list import list_runs

CURVE = [2.3 * math.exp(-step / 20) + 0.1 for step in range(64)]


def live_run(name: str, identity: str, **more: object) -> ListedRun:
    values = {"phase": "running", "step": 1200, "total_steps": 5000, "loss": 0.4182, "viewers": 1}
    values |= {"folder": f"runs/{identity}", "socket": f"run/{identity}", "pid": 4711}
    return ListedRun(name, identity, curve=CURVE, **(values | more))  # type: ignore[arg-type]


HERE = [
    live_run("digits", "5f0c2a91"),
    live_run("finetune.py", "a1b2c3d4", phase="paused", step=17, loss=None, viewers=0),
    live_run("stopped", "0badcafe", phase="unknown", problem="it does not answer"),
]
THERE = [
    live_run("imagenet", "77aa0001", host="gpu1", step=81_300, total_steps=900_000, viewers=12),
    live_run("a run with a name that is longer than its column", "77aa0002", host="gpu1"),
]
PROBLEM = "gpu3: ssh: connect to host gpu3 port 22: Connection timed out"


class FakeList(LiveList):
    """A list whose content a test sets."""

    def __init__(
        self,
        runs: Sequence[ListedRun] = (),
        silent: Sequence[str] = (),
        problems: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.runs, self.silent, self.faults = [*runs], [*silent], [*problems]

    @property
    def rows(self) -> list[ListedRun]:
        return self.runs

    @property
    def silent_hosts(self) -> list[str]:
        return self.silent

    @property
    def problems(self) -> list[str]:
        return self.faults

    def take_steps(self) -> None:
        """Change the values of all runs, as a refreshed list has them."""
        self.runs = [msgspec.structs.replace(run, step=run.step + 10) for run in self.runs]


CASES = {
    "live": FakeList(HERE),
    "hosts": FakeList([*HERE, *THERE]),
    "many": FakeList([live_run(f"run {place}", f"{place:08x}") for place in range(9)]),
    "none": FakeList(),
    "silent host": FakeList(HERE[:2], ["gpu2"], [PROBLEM]),
    "silent host only": FakeList([], ["gpu1", "gpu2"]),
}


@asynccontextmanager
async def started(
    live: LiveList, folder: Path, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[StartApp, Pilot[StartChoice]]]:
    app = StartApp(BOX, lambda: list_runs(folder), folder, live_list=live)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def selected(app: StartApp) -> str:
    run = app.start.query_one("#live", PickList).selected
    return run.run if isinstance(run, ListedRun) else ""


def machines(app: StartApp) -> str:
    note = app.start.query_one("#machines", Static)
    return str(note.content).strip() if note.display else ""


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("case", CASES)
async def test_picture(case, size, tmp_path, monkeypatch, picture):
    some_runs(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    async with started(CASES[case], Path("runs"), size) as (app, _):
        assert re.sub(r"terminal-\d+", "terminal", app.export_screenshot()) == picture


async def test_the_cursor_stays_on_its_run_while_the_list_is_refreshed(tmp_path):
    live = FakeList([*HERE, *THERE])
    async with started(live, tmp_path) as (app, pilot):
        await pilot.press("down", "down", "down")
        assert selected(app) == "imagenet"
        live.take_steps()
        app.start.refresh_live()
        assert selected(app) == "imagenet"
        live.runs = live.runs[1:]
        app.start.refresh_live()
        assert selected(app) == "imagenet"
        await pilot.press("enter")
    assert app.return_value == AttachRun("gpu1:77aa0001")


async def test_a_refreshed_list_keeps_what_the_screen_says(tmp_path):
    live = FakeList(HERE)
    async with started(live, tmp_path) as (app, pilot):
        await pilot.press("space")
        live.take_steps()
        app.start.refresh_live()
        await pilot.pause()
        about = app.start.query_one("#about", Static).content
        assert str(about).strip() == "only past runs can be marked"


async def test_the_list_appears_and_disappears_with_its_runs(tmp_path):
    live = FakeList()
    async with started(live, some_runs(tmp_path)) as (app, pilot):
        assert not app.start.query_one("#live").display
        live.runs = [*HERE]
        app.start.refresh_live()
        await pilot.press("shift+tab")
        assert app.focused is app.start.query_one("#live")
        live.runs = []
        app.start.refresh_live()
        await pilot.pause()
        assert not app.start.query_one("#live").display
        assert app.focused is app.start.query_one("#runs")


async def test_a_list_that_disappears_behind_the_filter_is_left(tmp_path):
    live = FakeList(HERE)
    async with started(live, some_runs(tmp_path)) as (app, pilot):
        assert app.focused is app.start.query_one("#live")
        await pilot.press("slash")
        live.runs = []
        app.start.refresh_live()
        app.start.action_next_list(1)
        await pilot.pause()
        assert app.focused is app.start.query_one("#scenarios")


async def test_machines_without_an_answer_are_named_until_they_answer(tmp_path):
    live = FakeList(silent=["gpu1", "gpu2"])
    async with started(live, tmp_path) as (app, _):
        assert machines(app) == "gpu1, gpu2: no answer yet"
        live.silent, live.faults = ["gpu2"], [PROBLEM]
        app.start.refresh_live()
        assert machines(app) == f"gpu2: no answer yet · {PROBLEM}"
        live.silent, live.faults = [], []
        app.start.refresh_live()
        assert machines(app) == ""


def test_a_run_without_a_known_end_is_listed_with_its_steps_alone():
    row = "".join(text for text, _ in live_run_row(live_run("a", "5f0c2a91", total_steps=None), 80))
    assert "1 200" in row
    assert "/" not in row


async def test_a_live_run_is_not_a_past_run_too(tmp_path):
    folder, live = some_runs(tmp_path), FakeList()
    running = [live_run("tuesday", "5f0c2a91", folder=str(folder / "second"))]
    async with started(live, folder) as (app, pilot):
        past = app.start.query_one("#runs", PickList)
        for runs, number in ((running, 3), ([], 4)):
            live.runs = runs
            app.start.refresh_live()
            await pilot.pause()
            assert len(past.visible_items) == number
        assert "tuesday" in {run.name for run in past.visible_items}


async def test_the_line_about_a_run_is_cut_where_it_does_not_fit(tmp_path):
    live = FakeList([live_run("digits", "5f0c2a91", folder="/runs/" + "long-" * 30)])
    async with started(live, tmp_path, (80, 24)) as (app, _):
        line = app.start.query_one("#about", Static).render_line(0).text
        assert line.startswith(" enter attaches to it · 5f0c2a91 · /runs/long-")
        assert line.rstrip().endswith("…")
