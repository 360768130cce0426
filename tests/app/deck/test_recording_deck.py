"""Recordings: moving through moments, playing, and refused commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.app.conftest import Driver
from tests.app.fake import FakeClock
from tests.run_folders import flown, wandered
from tuitrain.app.app import TuitrainApp
from tuitrain.app.screens.deck.recording_deck import RecordingDeck
from tuitrain.app.screens.help import HelpScreen
from tuitrain.app.screens.log import LogScreen
from tuitrain.app.screens.run_choice.past_runs import RunsScreen
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.app.widgets.tables.log import LogView
from tuitrain.run.snapshot import Phase, Snapshot
from tuitrain.scenario.runs.record_player import RecordPlayer

SIZES = ((80, 24), (120, 36), (200, 60))


@dataclass
class Viewer(Driver):
    """A user who views a recording."""

    recording: RecordPlayer
    clock: FakeClock

    @property
    def shown(self) -> Snapshot:
        assert self.deck.snapshot is not None
        return self.deck.snapshot


@asynccontextmanager
async def viewed(folder, size=(120, 36), runs_in=None) -> AsyncIterator[Viewer]:
    clock = FakeClock()
    recording = RecordPlayer(folder, clock)
    deck = RecordingDeck(recording, clock, record=folder)
    app = TuitrainApp(recording, clock, refreshes=False, deck=deck)
    if runs_in is not None:
        deck.compare_with(runs_in)
    async with app.run_test(size=size) as pilot:
        viewer = Viewer(app, recording, pilot, recording, clock)  # type: ignore[arg-type]
        await viewer.look()
        yield viewer


async def test_a_recording_opens_at_its_end(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        assert (person.shown.step, person.shown.phase) == (100, Phase.RECORDED)
        assert "finished" in person.shown.record_status


async def test_the_log_of_the_run_is_shown(tmp_path):
    folder = flown(tmp_path / "a")
    (folder / "output.log").write_text("12\twarning\tno labels\n")
    async with viewed(folder) as person:
        await person.press("L")
        assert isinstance(person.app.screen, LogScreen)
        assert "no labels" in "\n".join(person.app.screen.query_one(LogView).rendered_rows)


async def test_arrows_move_by_a_step_and_show_the_groups_at_that_step(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        person.recording.go(41)
        await person.press("left")
        assert person.shown.step == 40
        assert person.shown.groups[0].frozen_since == 40
        await person.press("left")
        assert person.shown.step == 39
        assert person.shown.groups[0].frozen_since is None
        assert person.shown.journal == ()
        await person.press("right", "right")
        assert person.shown.step == 41


async def test_home_end_and_long_jumps(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("home")
        assert person.shown.step == 0
        await person.press("left")
        assert "first moment" in person.status
        await person.press("shift+right")
        assert person.shown.step == 2
        assert person.status == ""
        await person.press("shift+left")
        assert person.shown.step == 0
        await person.press("end")
        assert person.shown.step == 100


async def test_braces_jump_between_commands(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("home", "right_curly_bracket")
        assert person.shown.step == 40
        await person.press("right_curly_bracket")
        assert person.shown.groups[1].optimizer == "adam"
        await person.press("right_curly_bracket")
        assert person.shown.step == 60
        assert person.status == "no command after this moment"
        await person.press("left_curly_bracket")
        assert person.shown.step == 40


async def test_space_plays_the_recording(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("space")
        assert (person.shown.step, person.shown.phase) == (0, Phase.PLAYED)
        person.clock.now += 3.0
        await person.look()
        assert person.shown.step == 30
        await person.press("space")
        assert person.shown.phase is Phase.RECORDED
        person.clock.now += 3.0
        await person.look()
        assert person.shown.step == 30


async def test_a_manual_step_stops_playing(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("space", "right")
        assert (person.shown.step, person.shown.phase) == (1, Phase.RECORDED)


@pytest.mark.parametrize("key", ["f", "l", "o", "d", "D", "c", "g", "t", "s", "u", "r", "B", "K"])
@pytest.mark.slow
async def test_steering_keys_say_why_they_do_nothing(tmp_path, key):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press(key)
        assert person.status.startswith("this is a recording: it cannot be steered")
        assert person.app.screen is person.deck


async def test_a_typed_command_is_refused_too(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("colon")
        assert "this is a recording" in person.status
        person.deck.sender.submit_text("freeze fc", "palette")
        assert "this is a recording" in person.status


async def test_with_a_cursor_arrows_move_it(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("x", "left")
        assert person.shown.step == 100
        assert person.deck.chart_view.cursor is not None
        assert person.deck.chart_view.cursor < 100


async def test_zoomed_in_long_jumps_move_the_charts(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("plus", "shift+left")
        assert person.shown.step == 100
        assert person.deck.chart_view.end is not None


async def test_the_help_of_a_recording_has_its_keys(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("question_mark")
        assert isinstance(person.app.screen, HelpScreen)
        assert "Go to the previous step." in person.svg().replace("&#160;", " ")


async def test_quit_needs_no_confirmation(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("q")
        assert not person.app.is_running


async def test_a_recording_is_not_compared_with_itself(tmp_path):
    flown(tmp_path / "other")
    async with viewed(flown(tmp_path / "a"), runs_in=tmp_path) as person:
        await person.press("R")
        assert isinstance(person.app.screen, RunsScreen)
        assert [run.folder.name for run in person.app.screen.runs.visible_items] == ["other"]


async def test_the_journal_follows_the_moment(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        journal = person.deck.query_one(Journal)
        await person.press("home", "right_curly_bracket")
        assert [row.split()[:3] for row in journal.rendered_rows] == [["40", "✓", "freeze"]]


@pytest.mark.parametrize(
    ("make", "size"),
    [(flown, size) for size in SIZES] + [(wandered, SIZES[1])],
    ids=lambda value: f"{value[0]}x{value[1]}" if isinstance(value, tuple) else value.__name__,
)
async def test_picture(make, size, tmp_path, picture):
    async with viewed(make(tmp_path / "a"), size) as person:
        await person.press("home", *["right_curly_bracket"] * 2, "shift+right", "shift+right")
        assert person.svg() == picture


async def test_picture_while_playing(tmp_path, picture):
    async with viewed(flown(tmp_path / "a"), SIZES[1]) as person:
        await person.press("space")
        person.clock.now += 7.0
        await person.look()
        assert person.svg() == picture


async def test_a_brace_shows_the_command_and_clears_the_old_answer(tmp_path):
    async with viewed(flown(tmp_path / "a")) as person:
        await person.press("home", "left_curly_bracket")
        assert person.status == "no command before this moment"
        await person.press("right_curly_bracket")
        request = [item.command for item in person.shown.journal if item.step == person.shown.step]
        assert request
        assert person.status == f"step {person.shown.step}: {' · '.join(request)}"
