"""What people do at the screen, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import OptionList, Static

from tuitrain.app.keys import KEYS
from tuitrain.app.screens.confirm import Confirm
from tuitrain.app.screens.help import Help
from tuitrain.app.widgets.command_line import CommandInput
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.groups import GroupsTable
from tuitrain.app.widgets.journal import Journal
from tuitrain.commands import Freeze, Pause, Resume, SetLr, Step, Stop, Thaw
from tuitrain.errors import RefusedError
from tuitrain.run.snapshot import Phase

from .fake import FakeSource, group, running, starting


async def test_freeze_key_sends_the_name_and_shows_the_answer(opened):
    async with opened() as person:
        await person.press("f")
        assert person.source.sent == [(Freeze("conv"), "key")]
        assert "freeze conv" in person.status
        assert "waits" in person.status
        person.source.answer("applied", "4 parameters hold still")
        await person.look()
        assert person.status == "✓ freeze conv  applied at step 1 204  4 parameters hold still"


async def test_freeze_key_thaws_what_is_frozen(opened):
    groups = (group("conv", ("conv",), 938), running().groups[1])
    async with opened(FakeSource(running(groups=groups))) as person:
        await person.press("f")
        assert person.source.sent == [(Thaw("conv"), "key")]


async def test_freeze_key_acts_on_the_selected_parameter(opened):
    async with opened() as person:
        await person.press("down", "down", "f")
        assert person.sent == ["freeze conv1.weight"]


async def test_selection_stays_on_its_name_when_rows_move(opened):
    async with opened() as person:
        person.deck.query_one(GroupsTable).select("fc")
        first = group("aaa", ("conv1",))
        rest = (group("conv", ("conv2",)), running().groups[1])
        person.source.show(groups=(first, *rest))
        await person.look()
        await person.press("f")
        assert person.sent == ["freeze fc"]


async def test_selection_that_is_gone_falls_back_to_a_row_that_is_there(opened):
    async with opened() as person:
        person.deck.query_one(GroupsTable).select("fc")
        person.source.show(groups=(group("conv", ("conv",)),))
        await person.look()
        await person.press("f")
        assert person.sent == ["freeze conv"]


async def test_refused_command_shows_its_reason(opened):
    async with opened() as person:
        await person.press("f")
        person.source.answer("refused", "no group matches 'conv'")
        await person.look()
        assert person.status.startswith("✗ freeze conv  refused at step 1 204")
        assert "no group matches 'conv'" in person.status


async def test_unchanged_command_is_not_called_a_success(opened):
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


async def test_full_stop_steps(opened):
    async with opened() as person:
        await person.press("full_stop")
        assert person.source.sent == [(Step(1), "key")]


async def test_command_line_sends_what_is_typed(opened):
    async with opened() as person:
        await person.command("lr fc 0.01")
        await person.press("enter")
        assert person.source.sent == [(SetLr("fc", 0.01), "command")]
        assert isinstance(person.app.focused, GroupsTable)


async def test_command_that_cannot_be_read_stays_with_the_reason_under_it(opened):
    async with opened() as person:
        await person.command("lr fc fast")
        await person.press("enter")
        assert person.sent == []
        assert "but was given 'fast'" in person.status
        assert person.deck.query_one(CommandInput).value == "lr fc fast"
        assert isinstance(person.app.focused, CommandInput)


async def test_command_line_tells_the_usage_while_typing(opened):
    async with opened() as person:
        await person.command("thaw ")
        assert "thaw TARGET [keep|reset]" in person.status


async def test_command_line_completes_with_tab(opened):
    async with opened() as person:
        await person.command("opt")
        await person.press("tab", "f", "tab", "a", "d", "tab", "enter")
        assert person.sent == ["optimizer fc adam"]


async def test_command_line_recalls_what_was_sent(opened):
    async with opened() as person:
        field = person.deck.query_one(CommandInput)
        for line in ("step 2", "step 3"):
            await person.command(line)
            await person.press("enter")
        await person.command("")
        seen = []
        for key in ("up", "up", "up", "down", "down"):
            await person.press(key)
            seen.append(field.value)
        assert seen == ["step 3", "step 2", "step 2", "step 3", ""]


async def test_escape_leaves_the_command_line(opened):
    async with opened() as person:
        await person.command("step")
        await person.press("escape")
        assert person.sent == []
        assert isinstance(person.app.focused, GroupsTable)


async def test_lr_dialog_sets(opened):
    async with opened() as person:
        await person.press("l")
        assert person.line == ":lr conv 0.0312"
        await person.replace("0.01")
        assert person.line == ":lr conv 0.01"
        await person.press("enter")
        assert person.sent == ["lr conv 0.01"]


async def test_lr_dialog_scales(opened):
    async with opened() as person:
        await person.press("l")
        await person.replace("x0.5")
        await person.press("enter")
        assert person.sent == ["lr conv x0.5"]


async def test_lr_dialog_keeps_what_is_wrong_and_says_why(opened):
    async with opened() as person:
        await person.press("l")
        await person.replace("-1")
        await person.press("enter")
        assert person.line.startswith("✗ lr takes a learning rate of 0 or more")
        assert person.sent == []
        await person.press("escape")
        assert isinstance(person.app.focused, GroupsTable)


async def test_dialog_holds_the_name_it_was_opened_for(opened):
    async with opened() as person:
        await person.press("l")
        person.source.show(groups=tuple(reversed(person.source.shown.groups)))
        await person.look()
        await person.press("enter")
        assert person.sent == ["lr conv 0.0312"]


async def test_optimizer_dialog(opened):
    async with opened() as person:
        await person.press("o")
        assert person.line == ":optimizer conv sgd momentum=0.9 nesterov=false weight_decay=0"
        await person.press("down")
        assert person.line == (":optimizer conv adam betas=0.9,0.999 eps=1e-08 weight_decay=0")
        await person.press("tab", "tab", "down", "space", "enter")
        assert person.sent == [
            "optimizer conv adam betas=0.9,0.999 eps=1e-08 weight_decay=0 state=carry"
        ]


async def test_optimizer_dialog_takes_settings(opened):
    async with opened() as person:
        await person.press("o", "tab")
        await person.replace("momentum=0.5 lr=0.1")
        await person.press("enter")
        assert person.sent == ["optimizer conv sgd momentum=0.5 lr=0.1"]


async def test_decay_takes_three_keys(opened):
    async with opened() as person:
        await person.press("d", "4", "enter")
        assert person.sent == ["decay conv over 4 epochs"]


@pytest.mark.parametrize("text", ["500s", "500 steps", "500 st"])
async def test_decay_over_steps(opened, text):
    async with opened() as person:
        await person.press("d")
        await person.replace(text)
        await person.press("enter")
        assert person.sent == ["decay conv over 500 steps"]


async def test_decay_of_no_length_is_not_sent(opened):
    async with opened() as person:
        await person.press("d")
        await person.replace("soon")
        await person.press("enter")
        assert person.line.startswith("✗")
        assert person.sent == []


async def test_regroup_dialog_lists_what_matches(opened):
    async with opened() as person:
        await person.press("g")
        await person.type("head")
        await person.press("tab")
        await person.type("fc2.* classifier.*")
        listed = str(person.app.screen.query_one("#matching", Static).content)
        assert listed.startswith("4 of 10 parameters match")
        assert "fc2.weight   from fc" in listed
        await person.press("enter")
        assert person.sent == ["group head = fc2.* classifier.*"]


async def test_regroup_dialog_refuses_globs_without_a_match(opened):
    async with opened() as person:
        await person.press("g", "h", "tab", "z", "enter")
        assert person.line == "✗ the globs match no parameter"
        assert person.sent == []


async def test_stop_asks_first_and_names_the_run(opened):
    async with opened() as person:
        await person.press("s")
        assert isinstance(person.app.screen, Confirm)
        question = str(person.app.screen.query_one(".question", Static).content)
        assert question == "Stop the run lenet-decay at step 1 204 of 4 690?"
        await person.press("n")
        assert person.sent == []
        await person.press("s", "y")
        assert person.source.sent == [(Stop(), "key")]


async def test_quit_asks_while_training(opened):
    async with opened() as person:
        await person.press("q")
        assert isinstance(person.app.screen, Confirm)
        await person.press("escape")
        assert person.app.is_running
        await person.press("q", "y")
    assert person.source.closed == 1


async def test_quit_does_not_ask_after_the_end(opened):
    async with opened(FakeSource(running(phase=Phase.FINISHED))) as person:
        await person.pilot.press("q")
        assert person.app.return_code == 0
    assert person.source.closed == 1


async def test_palette_offers_the_usual_acts(opened):
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


async def test_selected_parameter_is_watched(opened):
    async with opened() as person:
        assert person.source.watched == ["conv2.weight"]
        await person.press("down")
        assert person.source.watched[-1] == "conv1.bias"


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_tab_goes_to_the_journal_and_back(opened, size):
    async with opened(size=size) as person:
        await person.press("tab")
        assert isinstance(person.app.focused, Journal)
        await person.press("tab")
        assert isinstance(person.app.focused, GroupsTable)


@pytest.mark.parametrize("phase", [Phase.FINISHED, Phase.STOPPED, Phase.FAILED])
async def test_keys_after_the_end_say_why_they_do_nothing(opened, phase):
    async with opened(FakeSource(running(phase=phase))) as person:
        for key in ("space", "full_stop", "f", "l", "o", "d", "g", "s", "colon"):
            person.deck.status.say("")
            await person.press(key)
            assert person.sent == []
            assert person.status.startswith(f"the run has ended ({phase.value} at step 1 204)")


async def test_keys_that_need_a_group_say_so_while_starting(opened):
    async with opened(FakeSource(starting())) as person:
        for key in ("f", "l", "o", "d", "g"):
            person.deck.status.say("")
            await person.press(key)
            assert person.sent == []
            assert "starting" in person.status


@pytest.mark.parametrize("key", [name for key in KEYS for name in key.keys.split(",")])
async def test_every_key_does_something(opened, key):
    async with opened() as person:
        await person.press("down")
        before = person.svg(), person.sent
        await person.press("colon" if key == "escape" else key)
        if key == "escape":
            before = person.svg(), person.sent
            await person.press(key)
        await person.app.workers.wait_for_complete()
        assert (person.svg(), person.sent) != before


async def test_footer_says_what_the_keys_do_now(opened):
    groups = (group("conv", ("conv",), 938), running().groups[1])
    async with opened(FakeSource(running(phase=Phase.PAUSED, groups=groups))) as person:
        line = person.deck.query_one(KeyFooter).render_line(0).text
        assert "space resume" in line
        assert "f thaw" in line


async def test_help_lists_every_key(opened):
    async with opened() as person:
        await person.press("question_mark")
        assert isinstance(person.app.screen, Help)
        text = str(person.app.screen.query_one("#help Static", Static).content)
        assert all(key.summary in text for key in KEYS)


async def test_same_version_is_not_drawn_again(opened):
    async with opened() as person:
        shown = person.deck.snapshot
        person.source.shown = replace(person.source.shown, step=9)
        await person.look()
        assert person.deck.snapshot is shown


async def test_banner_goes_when_the_run_has_started(opened):
    async with opened(FakeSource(starting())) as person:
        banner = person.deck.query_one("#banner")
        assert banner.display
        person.source.shown = replace(running(), version=2)
        await person.look()
        assert not banner.display


async def test_groups_open_once_there_is_room_for_them(opened):
    async with opened(size=(120, 30)) as person:
        table = person.deck.query_one(GroupsTable)
        assert table.virtual_size.height == 3
        await person.pilot.resize_terminal(120, 40)
        await person.look()
        assert table.virtual_size.height == 13


async def test_groups_that_were_folded_stay_folded(opened):
    async with opened(size=(120, 30)) as person:
        table = person.deck.query_one(GroupsTable)
        await person.press("enter", "enter")
        await person.pilot.resize_terminal(120, 40)
        await person.look()
        assert table.virtual_size.height == 3


async def test_loss_can_be_seen_on_a_logarithmic_axis(opened):
    async with opened() as person:
        await person.press("y")
        assert person.deck.query_one("#loss").border_title == "loss (log)"
        await person.press("y")
        assert person.deck.query_one("#loss").border_title == "loss"


async def test_command_that_the_source_refuses_at_once_shows_why(opened):
    async with opened() as person:

        def refuse(command, actor):
            raise RefusedError("the run is closed")

        person.source.submit = refuse
        await person.press("f")
        assert person.status == "✗ freeze conv  the run is closed"
