"""The deck over a run elsewhere: every screen over a socket, beside those of the run's own deck."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.screen import Screen

from tests.app.conftest import Driver
from tests.app.fake import FakeClock
from tests.app.hostile_run import OF_THEIR_OWN_APP, every_screen
from tests.conformance.embedded import make_engine
from tests.remote.runs import TIMEOUT, ServedRun, served
from tuitrain.app.app import TuitrainApp
from tuitrain.app.screens.deck.attached_deck import AttachedDeck
from tuitrain.app.screens.deck.flight_deck import FlightDeck
from tuitrain.app.screens.dialogs.branches import BranchesDialog
from tuitrain.app.screens.dialogs.breakpoints import BreakpointsDialog
from tuitrain.app.screens.dialogs.checkpoint import CheckpointDialog
from tuitrain.app.screens.dialogs.clip import ClipDialog
from tuitrain.app.screens.dialogs.compare_rates import CompareRatesDialog
from tuitrain.app.screens.dialogs.confirm import ConfirmDialog
from tuitrain.app.screens.dialogs.decay import DecayDialog
from tuitrain.app.screens.dialogs.flight_result import FlightResultDialog
from tuitrain.app.screens.dialogs.leave import LeaveDialog
from tuitrain.app.screens.dialogs.lr import LrDialog
from tuitrain.app.screens.dialogs.optimizer import OptimizerDialog
from tuitrain.app.screens.dialogs.pen import PenDialog
from tuitrain.app.screens.dialogs.regroup import RegroupDialog
from tuitrain.app.screens.dialogs.rewind import RewindDialog
from tuitrain.app.screens.dialogs.save import SaveDialog
from tuitrain.app.screens.dialogs.schedule import ScheduleDialog
from tuitrain.app.screens.dialogs.try_lr import TryDialog
from tuitrain.app.screens.help import HelpScreen
from tuitrain.app.screens.inspection.batch import BatchScreen
from tuitrain.app.screens.inspection.network import NetworkScreen
from tuitrain.app.screens.inspection.weights import WeightsScreen
from tuitrain.app.screens.log import LogScreen
from tuitrain.app.screens.ranks import RanksScreen
from tuitrain.app.screens.run_choice.new_run import NewRunDialog
from tuitrain.app.screens.run_choice.past_runs import RunsScreen
from tuitrain.app.screens.run_choice.resume_or_open import ResumeOrOpenDialog
from tuitrain.app.screens.settings import SettingsScreen
from tuitrain.commands import parse
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo, Snapshot

SIZE = (120, 40)

SCREENS: dict[str, type[Screen[object]]] = {
    "l": LrDialog,
    "o": OptimizerDialog,
    "d": DecayDialog,
    "D": ScheduleDialog,
    "c": ClipDialog,
    "g": RegroupDialog,
    "t": TryDialog,
    "v": CompareRatesDialog,
    "B": BreakpointsDialog,
    "backspace": RewindDialog,
    "K": CheckpointDialog,
    "b": BranchesDialog,
    "w": SaveDialog,
    "W": WeightsScreen,
    "N": NetworkScreen,
    "i": BatchScreen,
    "R": RunsScreen,
    "L": LogScreen,
    "comma": SettingsScreen,
    "question_mark": HelpScreen,
    "P": PenDialog,
    "s": ConfirmDialog,
}
"""What keys open."""

OF_OWN_RUNS = {LeaveDialog, FlightDeck, FlightResultDialog}
ELSEWHERE = {NewRunDialog, ResumeOrOpenDialog, RanksScreen, *OF_OWN_RUNS, *OF_THEIR_OWN_APP}
"""Screens that no key of this deck opens.

Those of the start screen, of several processes, and of a run's own deck.
"""

INSPECTIONS = {"W", "N", "i"}
PREVIEWS = {"l": "0.3", "D": ""}

SCRIPT = (
    "step 20",
    "lr fc 0.02",
    "checkpoint early",
    "step 10",
    "freeze conv",
    "rewind 15",
    "step 5",
    "break when nan",
    "try lr fc x0.1, x1 for 3 steps",
)
"""What was done to the run before screens are compared."""


def make_session(info: RunInfo) -> Session:
    return Session(make_engine(), RunInfo(info.name, "small", "none", 0, 8, 7, 70))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[ServedRun]:
    """A run of a small network, paused at its start."""
    with served(tmp_path, make_session=make_session) as made:
        yield made


@asynccontextmanager
async def deck_over(
    source: LiveRun | RemoteSource, folder: Path, attached: bool, place: str = ""
) -> AsyncIterator[Driver]:
    record = None if place else folder
    deck = (
        AttachedDeck(source, FakeClock(), record, record_place=place)
        if attached
        else FlightDeck(source, FakeClock(), record)
    )
    app = TuitrainApp(source, FakeClock(), refreshes=False, deck=deck)
    deck.compare_with(folder)
    async with app.run_test(size=SIZE) as pilot:
        driver = Driver(app, source, pilot)  # type: ignore[arg-type]
        await driver.look()
        yield driver


async def wait(person: Driver, condition: Callable[[Snapshot], bool]) -> Snapshot:
    """Wait for a snapshot, and show it."""
    source = person.source
    shown = await asyncio.to_thread(source.wait_for, condition, TIMEOUT)  # type: ignore[attr-defined]
    assert condition(shown)
    await person.look()
    return shown


async def opened_by(person: Driver, key: str) -> tuple[type[Screen[object]], str]:
    """Press a key; return the kind of screen that it opens, and what it shows."""
    await person.press(key)
    kind = type(person.app.screen)
    if key in INSPECTIONS:
        await wait(person, lambda shown: shown.inspection is not None)
    if key in PREVIEWS:
        if PREVIEWS[key]:
            await person.replace(PREVIEWS[key])
        await person.look()  # a preview is requested when the entries did not change
        command = person.line.strip().removeprefix(":")
        await wait(
            person, lambda shown: shown.preview is not None and shown.preview.command == command
        )
    text = shown_text(person)
    await person.press("escape")
    if person.app.screen is not person.deck:
        await person.press("q")
    assert person.app.screen is person.deck, f"{key} has left {person.app.screen}"
    if key in INSPECTIONS:
        await wait(person, lambda shown: shown.inspection is None)
    return kind, text


def shown_text(person: Driver) -> str:
    """Return what is on the screen, without the pen, which only a deck elsewhere has."""
    return re.sub(r"✎ \S+( of \d+)? *|[━╸ ]+\d+ %", "", person.text())


def test_every_screen_is_opened_or_named():
    assert {*SCREENS.values(), *ELSEWHERE} == every_screen()


@pytest.mark.slow
async def test_every_screen_is_as_it_is_on_the_deck_of_the_run(
    run: ServedRun, tmp_path: Path
) -> None:
    for text in SCRIPT:
        assert run.run.answer(run.run.submit(parse(text)), TIMEOUT).outcome == "applied", text
        run.run.wait_for(lambda shown: shown.phase is Phase.PAUSED, TIMEOUT)
    kinds: dict[str, type[Screen[object]]] = {}
    texts: list[dict[str, str]] = []
    for source, attached in ((run.view(), True), (run.run, False)):
        async with deck_over(source, tmp_path, attached) as person:
            await wait(person, lambda shown: shown.parameter is not None)
            texts.append({"deck": shown_text(person)})
            for key in SCREENS:
                if key == "P" and not attached:
                    continue
                kinds[key], texts[-1][key] = await opened_by(person, key)
    assert kinds == SCREENS
    there, here = texts
    del there["P"]
    differing = [key for key in here if there[key] != here[key]]
    assert differing == []


async def test_a_run_is_steered_from_a_deck_elsewhere(run: ServedRun, tmp_path: Path) -> None:
    async with deck_over(run.view(), tmp_path, attached=True) as person:

        async def send(text: str, *keys: str) -> None:
            done = len(person.source.snapshot().journal)
            if text:
                await person.command(text)
            await person.press(*(keys or ("enter",)))
            await wait(person, lambda shown: len(shown.journal) == done + 1)

        await send("step 30")
        await wait(person, lambda shown: shown.step == 30)
        await send("lr fc 0.02")
        await send("", "f")
        await send("", "u")
        await send("", "r")
        await send("rewind 12")
        await wait(person, lambda shown: shown.step == 12)
        await send("branch main")
        await send("", "K", "enter")
        await send("try lr fc x0.1, x1 for 3 steps")
        assert isinstance(person.app.screen, CompareRatesDialog)
        await person.press("escape")
        await send("freeze nothing")
        assert "no group" in person.status
        shown = person.source.snapshot()
    there = run.run.snapshot()
    assert [entry.outcome for entry in shown.journal] == ["applied"] * 9 + ["refused"]
    assert {entry.actor for entry in shown.journal} == {"key@laptop", "command@laptop"}
    assert [entry.command for entry in shown.journal] == [entry.command for entry in there.journal]
    assert (shown.branch, shown.step) == (there.branch, there.step)


async def test_the_cursor_and_the_charts_work_on_what_was_received(
    run: ServedRun, tmp_path: Path
) -> None:
    async with deck_over(run.view(), tmp_path, attached=True) as person:
        run.run.submit(parse("step 40"))
        await wait(person, lambda shown: shown.step == 40)
        for key in ("left", "less_than_sign", "plus", "shift+left", "a", "y", "0", "x"):
            await person.press(key)
        await person.press("right_square_bracket", "T", "escape", "slash", "escape")
        assert person.app.screen is person.deck


async def test_a_record_on_another_machine_is_saved_there(run: ServedRun, tmp_path: Path) -> None:
    async with deck_over(run.view(), tmp_path, attached=True, place="gpu1:/runs/a") as person:
        await person.press("w")
        assert person.status == "the record is at gpu1:/runs/a: tuitrain save writes it there"


async def test_leaving_the_deck_leaves_the_run(run: ServedRun, tmp_path: Path) -> None:
    source = run.view()
    async with deck_over(source, tmp_path, attached=True) as person:
        await person.press("q")
    source.close()
    assert run.run.alive
