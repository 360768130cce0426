"""The start screen: choices and their results."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from tests.app.conftest import toasts
from tests.run_folders import damaged, flown, left_behind, losses
from tuitrain.app.renderables.tables.past_runs import past_run_row
from tuitrain.app.screens.run_choice.new_run import NewRunDialog
from tuitrain.app.screens.run_choice.past_runs import RunsScreen
from tuitrain.app.screens.run_choice.resume_or_open import ResumeOrOpenDialog
from tuitrain.app.screens.run_choice.start import StartScreen
from tuitrain.app.start_app import StartApp
from tuitrain.app.start_choice import OpenRecording, ResumeRun, RunScenario, StartChoice, TrainModel
from tuitrain.app.widgets.tables.pick_list import PickList
from tuitrain.scenario.bundled import MODELS, BundledScenario
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain.scenario.runs.run_list import list_runs
from tuitrain_core import data

BOX = [
    BundledScenario(Path("freeze.toml"), "freeze-and-thaw", "Groups are frozen, and thawed."),
    BundledScenario(
        Path("swap.toml"), "swap-optimizer", "Another optimizer in the middle of a run."
    ),
]
CASES = {
    "lists": (),
    "two runs marked": ("space", "space"),
    "unfinished run": ("down", "enter"),
    "new run": ("tab", "tab", "enter"),
    "compared": ("space", "space", "R"),
}
DIGITS = Path(data.__file__).with_name("mnist_mini")
SIZES = ((80, 24), (120, 36), (200, 60))
FOLDING = ("lists", "compared")
"""Cases whose layout depends on the size; the others have one picture."""


def some_runs(folder: Path) -> Path:
    flown(folder / "first", started_at=datetime(2026, 1, 5, 9, 0), name="monday")
    flown(folder / "second", 60, 0.3, started_at=datetime(2026, 1, 6, 9, 0), name="tuesday")
    wednesday = {"started_at": datetime(2026, 1, 7, 9, 0), "name": "wednesday", "model": "mlp"}
    flown(folder / "third", 100, 0.1, **wednesday)
    damaged(folder / "fourth", datetime(2026, 1, 2, 9, 0))
    return folder


@dataclass
class Visitor:
    app: StartApp
    pilot: Pilot[StartChoice]

    @property
    def about(self) -> str:
        return str(self.app.start.query_one("#about", Static).content).strip()

    def shown(self, name: str) -> list:
        return list(self.app.start.query_one(f"#{name}", PickList).visible_items)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def replace(self, text: str) -> None:
        field = self.app.focused
        assert isinstance(field, Input)
        field.value = ""
        await self.type(text)

    async def type(self, text: str) -> None:
        field = self.app.focused
        assert isinstance(field, Input)
        field.insert_text_at_cursor(text)
        await self.pilot.pause()

    def svg(self) -> str:
        return re.sub(r"terminal-\d+", "terminal", self.app.export_screenshot())


@asynccontextmanager
async def visited(folder: Path, size=(120, 36)) -> AsyncIterator[Visitor]:
    app = StartApp(BOX, lambda: list_runs(folder), folder)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Visitor(app, pilot)


async def test_a_finished_run_is_opened_as_a_recording(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("down", "down", "enter")
    assert person.app.return_value == OpenRecording(tmp_path / "first")


async def test_an_unfinished_run_can_be_resumed(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("down", "enter")
        assert isinstance(person.app.screen, ResumeOrOpenDialog)
        await person.press("enter")
    assert person.app.return_value == ResumeRun(tmp_path / "second")


async def test_a_failed_run_is_listed_as_failed_and_can_be_resumed(tmp_path):
    end = {"event": "end", "step": 60, "branch": "main", "reason": "failed", "digests": {}}
    left_behind(tmp_path / "only", [end], [losses(1, 60)])
    async with visited(tmp_path) as person:
        (run,) = list_runs(tmp_path)
        assert "✗ failed" in "".join(text for text, _ in past_run_row(run, 80))
        await person.press("enter")
        question = str(person.app.screen.query_one(".question").render())
        assert question == "It has failed, at step 60 of 100."
        await person.press("enter")
    assert person.app.return_value == ResumeRun(tmp_path / "only")


async def test_an_unfinished_run_can_be_opened_read_only(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("down", "enter", "o")
    assert person.app.return_value == OpenRecording(tmp_path / "second")


async def test_escape_returns_to_the_lists(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("down", "enter", "escape")
        assert isinstance(person.app.screen, StartScreen)
        assert person.app.is_running


async def test_a_damaged_run_is_not_opened_and_says_why(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("end", "enter")
        assert person.app.is_running
        assert "header.json: the data ends too early" in person.about


async def test_a_bundled_scenario_is_started(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("tab", "down", "down")
        assert person.about == "Another optimizer in the middle of a run."
        await person.press("enter")
    assert person.app.return_value == RunScenario(Path("swap.toml"))


async def test_without_recorded_runs_enter_starts_the_first_scenario(tmp_path):
    async with visited(tmp_path / "none") as person:
        await person.press("enter")
    assert person.app.return_value == RunScenario(None)


async def test_data_is_trained_with_the_chosen_network(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("tab", "tab", "end", "enter")
        assert isinstance(person.app.screen, NewRunDialog)
        await person.press("enter")
        output = person.app.screen.query_one("#flight-problem", Static).content
        assert "name the data" in str(output)
        await person.type(f"idx:{DIGITS}")
        await person.press("down", "down")
        assert person.app.screen.query_one(OptionList).highlighted == 2
        await person.press("enter")
    assert person.app.return_value == TrainModel(f"idx:{DIGITS}", "cnn")


async def test_networks_are_offered_that_fit_the_data(tmp_path):
    def offered() -> list[str | None]:
        return [option.id for option in person.app.screen.query_one(OptionList).options]

    async with visited(tmp_path / "none") as person:
        await person.press("tab", "end", "enter")
        assert offered() == list(MODELS)
        await person.type("waves")
        assert offered() == ["conv1d", "mlp"]
        await person.press("down", "enter")
    assert person.app.return_value == TrainModel("waves", "mlp")


async def test_missing_data_is_reported_before_the_run_starts(tmp_path):
    problems = {
        "idx:nowhere": "nowhere: looked for train-images-idx3-ubyte, ",
        "csv:none.csv": "data: none.csv: cannot be read: No such file",
        "folder:.?sise=3": "folder: has no option 'sise', did you mean 'size'?",
        "mnist-mni": "data: 'mnist-mni' is not known, did you mean 'mnist-mini'?",
    }
    async with visited(tmp_path / "none") as person:
        await person.press("tab", "end", "enter")
        for named, problem in problems.items():
            await person.replace(named)
            await person.press("enter")
            assert isinstance(person.app.screen, NewRunDialog)
            shown = person.app.screen.query_one("#flight-problem", Static).content
            assert problem in str(shown)
            assert not (tmp_path / "none").exists()


async def test_a_narrow_terminal_shows_the_effect_of_enter_first(tmp_path):
    async with visited(some_runs(tmp_path), (80, 24)) as person:
        assert person.about.startswith("enter opens its recording · mnist-mini · ")


async def test_data_of_recorded_runs_is_offered(tmp_path):
    left_behind(tmp_path / "a", (), [losses(1, 3)], data="idx:/data/letters")
    async with visited(tmp_path) as person:
        assert person.shown("data") == [*BUNDLED_DATA, "idx:/data/letters", "other data …"]


async def test_the_filter_applies_to_all_lists(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("slash")
        await person.type("unfinished")
        assert [run.name for run in person.shown("runs")] == ["tuesday"]
        assert person.shown("scenarios") == []
        await person.press("enter", "enter")
        assert isinstance(person.app.screen, ResumeOrOpenDialog)


async def test_escape_in_the_filter_clears_it(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("slash")
        await person.type("swap")
        assert [item.name for item in person.shown("scenarios")] == ["swap-optimizer"]
        await person.press("escape")
        assert len(person.shown("scenarios")) == 3
        assert len(person.shown("runs")) == 4


async def test_marked_runs_are_compared_and_drawn_with_the_opened_run(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("space", "space", "R")
        assert isinstance(person.app.screen, RunsScreen)
        table = str(person.app.screen.query_one("#compared", Static).content)
        assert "A wednesday" in table
        assert "B tuesday" in table
        await person.press("escape", "tab", "enter")
    choice = person.app.return_value
    assert isinstance(choice, RunScenario)
    assert [item.name for item in choice.pinned] == ["wednesday 01-07 09:00", "tuesday 01-06 09:00"]


async def test_only_runs_can_be_marked(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("tab", "space")
        assert person.about == "only past runs can be marked"


async def test_the_start_screen_says_why_the_last_choice_failed(tmp_path):
    app = StartApp(BOX, list, tmp_path, problem="run: journal.jsonl, line 1: [damaged]")
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        assert toasts(app) == ["run: journal.jsonl, line 1: [damaged]"]


async def test_quit_chooses_nothing(tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press("q")
    assert person.app.return_value is None


@pytest.mark.parametrize(
    ("case", "size"),
    [
        pytest.param(case, size, id=f"{case}-{size[0]}x{size[1]}")
        for case in CASES
        for size in (SIZES if case in FOLDING else SIZES[1:2])
    ],
)
async def test_picture(case, size, tmp_path, monkeypatch, picture):
    some_runs(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    async with visited(Path("runs"), size) as person:
        await person.press(*CASES[case])
        assert person.svg() == picture


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_the_help_of_the_start_screen_has_its_keys(key, tmp_path):
    async with visited(some_runs(tmp_path)) as person:
        await person.press(key)
        text = str(person.app.screen.query_one("#help Static", Static).content)
        here = text.partition("Keys of a run")[0]
        assert "  space     Mark a run to compare and draw it." in here
        assert "  shift+tab Go to the previous list." in here
        await person.press("escape")
        assert isinstance(person.app.screen, StartScreen)


async def test_the_script_of_a_loop_is_no_data(tmp_path):
    flown(tmp_path / "loop", started_at=datetime(2026, 1, 5, 9, 0), name="loop", data="train.py")
    flown(tmp_path / "own", started_at=datetime(2026, 1, 6, 9, 0), name="own", data="mine.csv")
    async with visited(tmp_path) as visitor:
        assert "mine.csv" in visitor.shown("data")
        assert "train.py" not in visitor.shown("data")
