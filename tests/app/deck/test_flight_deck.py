"""The flight deck: keys, and the commands and texts that follow."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import OptionList, Static

from tests.app.fake import FakeClock, FakeSource, group, running, starting
from tuitrain.app.app import TuitrainApp
from tuitrain.app.keys import KEYS
from tuitrain.app.palette import RunCommands
from tuitrain.app.screens.dialogs.confirm import ConfirmDialog
from tuitrain.app.screens.help import HelpScreen, help_text
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.commands import VOCABULARY, Freeze, Pause, Resume, Step, Stop, Thaw
from tuitrain.errors import RefusedError
from tuitrain.run.snapshot import Phase


async def test_the_freeze_key_sends_the_group_and_shows_the_answer(opened):
    async with opened() as person:
        await person.press("f")
        assert person.source.sent == [(Freeze("conv"), "key")]
        assert "freeze conv" in person.status
        assert "waits" in person.status
        person.source.answer("applied", "4 parameters hold still")
        await person.look()
        assert person.status == "✓ freeze conv  applied at step 1 204  4 parameters hold still"


async def test_the_freeze_key_thaws_a_frozen_group(opened):
    groups = (group("conv", ("conv",), 938), running().groups[1])
    async with opened(FakeSource(running(groups=groups))) as person:
        await person.press("f")
        assert person.source.sent == [(Thaw("conv"), "key")]


async def test_the_freeze_key_acts_on_the_selected_parameter(opened):
    async with opened() as person:
        await person.press("down", "down", "f")
        assert person.sent == ["freeze conv1.weight"]


async def test_the_selection_follows_its_row(opened):
    async with opened() as person:
        person.deck.query_one(GroupsTable).select("fc")
        first = group("aaa", ("conv1",))
        rest = (group("conv", ("conv2",)), running().groups[1])
        person.source.show(groups=(first, *rest))
        await person.look()
        await person.press("f")
        assert person.sent == ["freeze fc"]


async def test_a_removed_selection_moves_to_an_existing_row(opened):
    async with opened() as person:
        person.deck.query_one(GroupsTable).select("fc")
        person.source.show(groups=(group("conv", ("conv",)),))
        await person.look()
        await person.press("f")
        assert person.sent == ["freeze conv"]


async def test_a_refused_command_shows_its_reason(opened):
    async with opened() as person:
        await person.press("f")
        person.source.answer("refused", "no group matches 'conv'")
        await person.look()
        assert person.status.startswith("✗ freeze conv  refused at step 1 204")
        assert "no group matches 'conv'" in person.status


async def test_an_unchanged_command_is_not_shown_as_applied(opened):
    async with opened() as person:
        await person.press("f")
        person.source.answer("unchanged", "conv is frozen already")
        await person.look()
        assert person.status.startswith("∅ freeze conv  unchanged")


@pytest.mark.parametrize(("phase", "command"), [(Phase.RUNNING, Pause()), (Phase.PAUSED, Resume())])
async def test_space_pauses_and_resumes(opened, phase, command):
    async with opened(FakeSource(running(phase=phase))) as person:
        await person.press("space")
        assert person.source.sent == [(command, "key")]


async def test_the_full_stop_key_takes_a_step(opened):
    async with opened() as person:
        await person.press("full_stop")
        assert person.source.sent == [(Step(1), "key")]


async def test_stop_asks_for_confirmation_and_names_the_run(opened):
    async with opened() as person:
        await person.press("s")
        assert isinstance(person.app.screen, ConfirmDialog)
        question = str(person.app.screen.query_one(".question", Static).content)
        assert question == "Stop the run lenet-decay?"
        await person.press("n")
        assert person.sent == []
        await person.press("s", "y")
        assert person.source.sent == [(Stop(), "key")]


async def test_quit_asks_for_confirmation_while_training(opened):
    async with opened() as person:
        await person.press("q")
        assert isinstance(person.app.screen, ConfirmDialog)
        await person.press("escape")
        assert person.app.is_running
        await person.press("q", "y")
    assert person.source.closed == 1


async def test_quit_shows_that_it_waits_for_the_run(opened):
    async with opened(FakeSource(starting())) as person:
        await person.press("q")
        person.app.screen.dismiss(True)
        await person.settle()
        assert person.status == "ending the run…"
    assert person.source.closed == 1


async def test_quit_does_not_ask_after_the_end_of_the_run(opened):
    async with opened(FakeSource(running(phase=Phase.FINISHED))) as person:
        await person.pilot.press("q")
        await person.settle()
        assert person.app.return_code == 0
    assert person.source.closed == 1


async def test_the_palette_offers_common_commands(opened):
    async with opened() as person:
        await person.press("ctrl+p")
        await person.type("freeze fc")
        await person.app.workers.wait_for_complete()
        await person.pilot.pause()
        options = person.app.screen.query_one(OptionList)
        assert options.option_count
        await person.press("enter")
        assert person.source.sent == [(Freeze("fc"), "palette")]


async def test_enter_folds_the_group_and_selects_it(opened):
    async with opened() as person:
        table = person.deck.query_one(GroupsTable)
        await person.press("down", "enter")
        assert table.selected is not None
        assert (table.selected.name, table.selected.is_group) == ("conv", True)
        await person.press("down")
        assert table.selected.name == "fc"


async def test_the_selected_parameter_is_described(opened):
    async with opened() as person:
        assert person.source.watched == ["conv2.weight"]
        await person.press("down")
        assert person.source.watched[-1] == "conv1.bias"


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_tab_moves_between_panels_and_escape_returns_to_the_groups(opened, size):
    async with opened(size=size) as person:
        seen = []
        for _ in range(4):
            await person.press("tab")
            seen.append(person.app.focused.id)
        assert seen == ["journal", "loss", "accuracy", "groups"]
        await person.press("tab", "tab", "escape")
        assert isinstance(person.app.focused, GroupsTable)


@pytest.mark.parametrize(
    "phase",
    [
        Phase.FINISHED,
        *(pytest.param(phase, marks=pytest.mark.slow) for phase in (Phase.STOPPED, Phase.FAILED)),
    ],
)
async def test_keys_after_the_end_of_a_run_say_why_they_do_nothing(opened, phase):
    async with opened(FakeSource(running(phase=phase))) as person:
        for key in ("space", "full_stop", "f", "l", "o", "d", "D", "c", "g", "t", "s"):
            person.deck.status.show_text("")
            await person.press(key)
            assert person.sent == []
            assert person.status.startswith(f"the run has ended ({phase.value} at step 1 204)")


async def test_keys_that_need_a_group_say_so_during_the_start(opened):
    async with opened(FakeSource(starting())) as person:
        for key in ("f", "l", "o", "d", "D", "c", "g", "t"):
            person.deck.status.show_text("")
            await person.press(key)
            assert person.sent == []
            assert "starting" in person.status


@pytest.mark.parametrize(
    "key",
    [
        name
        for key in KEYS
        if key.name != "redraw"  # it paints the same again: see test_stopped_screen
        for name in key.keys.split(",")
    ],
)
@pytest.mark.slow
async def test_every_key_does_something(opened, key, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # one of the keys writes files
    async with opened() as person:
        await person.press("down")
        before = person.svg(), person.sent
        await person.press("colon" if key == "escape" else key)
        if key == "escape":
            before = person.svg(), person.sent
            await person.press(key)
        await person.app.workers.wait_for_complete()
        assert (person.svg(), person.sent) != before


async def test_the_footer_shows_the_present_effect_of_keys(opened):
    groups = (group("conv", ("conv",), 938), running().groups[1])
    async with opened(FakeSource(running(phase=Phase.PAUSED, groups=groups))) as person:
        line = person.deck.query_one(KeyFooter).render_line(0).text
        assert "space resume" in line
        assert "f thaw" in line


async def test_the_help_lists_every_key(opened):
    async with opened() as person:
        await person.press("question_mark")
        assert isinstance(person.app.screen, HelpScreen)
        text = str(person.app.screen.query_one("#help Static", Static).content)
        unwrapped = " ".join(text.split())
        assert all(" ".join(key.summary.split()) in unwrapped for key in KEYS)


def test_a_help_line_that_is_too_long_continues_below_its_text():
    lines = str(help_text(width=40)).splitlines()
    first = lines.index("  o        Change the optimizer of the")
    assert lines[first + 1] == "           selected group, or its"
    assert all(len(line) <= 40 for line in lines)


def test_every_command_has_a_key_or_several_other_ways():
    """A command without a key is typed, or sent by a dialog that shows it."""
    assert {verb.name for verb in VOCABULARY} - {name for key in KEYS for name in key.verbs} == {
        "preview"  # the dialogs request it
    }


async def test_the_palette_has_every_command_and_every_key(opened):
    async with opened() as person:
        entries = [text for text, _, _ in RunCommands(person.deck).entries()]
        for verb in VOCABULARY:
            assert any(text.split()[0] == verb.name for text in entries)
        assert any(text.startswith("Save the run so far") for text in entries)


def test_the_help_names_the_key_of_every_command():
    text = str(help_text())
    lines = text[text.index("Commands") :].splitlines()
    for verb in VOCABULARY:
        (line,) = (
            entry
            for entry in lines
            if entry == f"  {verb.usage}" or entry.startswith(f"  {verb.usage}   ")
        )
        keys = [key.written for key in KEYS if verb.name in key.verbs]
        assert line.removeprefix(f"  {verb.usage}").strip() == ", ".join(keys)


def test_no_snapshot_is_shown_before_the_deck_is_mounted():
    app = TuitrainApp(FakeSource(starting()), FakeClock())
    for _ in range(2):
        app.poll()
    assert app.deck.snapshot is None


async def test_a_timer_that_fires_while_the_screen_closes_is_harmless(opened):
    async with opened(FakeSource(starting())) as person:
        shown = person.deck.snapshot
        await person.deck.remove_children()
        person.source.shown = replace(running(), version=2)
        person.app.poll()
        assert person.deck.snapshot is shown


async def test_an_unchanged_snapshot_is_not_drawn_again(opened):
    async with opened() as person:
        shown = person.deck.snapshot
        person.source.shown = replace(person.source.shown, step=9)
        await person.look()
        assert person.deck.snapshot is shown


async def test_the_banner_disappears_when_the_run_starts(opened):
    async with opened(FakeSource(starting())) as person:
        banner = person.deck.query_one("#banner")
        assert banner.display
        person.source.shown = replace(running(), version=2)
        await person.look()
        assert not banner.display


async def test_groups_unfold_when_there_is_room(opened):
    async with opened(size=(120, 30)) as person:
        table = person.deck.query_one(GroupsTable)
        assert table.virtual_size.height == 3
        await person.pilot.resize_terminal(120, 40)
        await person.look()
        assert table.virtual_size.height == 13


async def test_folded_groups_stay_folded(opened):
    async with opened(size=(120, 30)) as person:
        table = person.deck.query_one(GroupsTable)
        await person.press("enter", "enter")
        await person.pilot.resize_terminal(120, 40)
        await person.look()
        assert table.virtual_size.height == 3


async def test_the_loss_has_a_logarithmic_axis(opened):
    async with opened() as person:
        await person.press("y")
        assert person.deck.query_one("#loss").border_title == "loss (log)"
        await person.press("y")
        assert person.deck.query_one("#loss").border_title == "loss"


async def test_a_command_that_the_source_refuses_shows_the_reason(opened):
    async with opened() as person:

        def refuse(command, actor):
            raise RefusedError("the run is closed")

        person.source.submit = refuse
        await person.press("f")
        assert person.status == "✗ freeze conv  the run is closed"
