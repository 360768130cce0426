"""Going back at the screen: undo, rewind, and the branches that were left."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList, Static

from tests.app.fake import FakeSource, branch, branched, running, starting
from tuitrain.app.keys import KEYS
from tuitrain.app.palette import suggested_commands
from tuitrain.app.renderables.tables.branch_tree import branch_rows
from tuitrain.app.screens.dialogs.branches import BranchesDialog
from tuitrain.app.screens.dialogs.rewind import RewindDialog
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.header import RunHeader
from tuitrain.commands import Branch, Checkpoint, Redo, Rewind, Undo
from tuitrain.run.snapshot import Intervention, Phase

BACK = ("u", "r", "backspace", "b", "K")
TAKES = [
    Phase.RUNNING,
    pytest.param(Phase.PAUSED, marks=pytest.mark.slow),
    Phase.FINISHED,
    pytest.param(Phase.STOPPED, marks=pytest.mark.slow),
]
ENDED = TAKES[2:]


def shown(person, selector: str) -> str:
    return str(person.app.screen.query_one(selector, Static).content)


@pytest.mark.parametrize("phase", TAKES)
async def test_the_undo_key_needs_no_confirmation(opened, phase):
    async with opened(FakeSource(running(phase=phase))) as person:
        await person.press("u")
        assert person.source.sent == [(Undo(), "key")]
        person.source.answer("applied", "step 1204 without 'thaw conv' of step 938")
        await person.look()
        assert person.status.startswith("✓ undo  applied at step 1 204  step 1204 without")


async def test_the_redo_key_needs_no_confirmation(opened):
    async with opened() as person:
        await person.press("r")
        assert person.source.sent == [(Redo(), "key")]
        person.source.answer("refused", "there is nothing to redo: no command was undone")
        await person.look()
        assert person.status.startswith("✗ redo  refused at step 1 204  there is nothing to redo")


@pytest.mark.parametrize("phase", TAKES)
async def test_the_rewind_dialog_offers_the_last_command(opened, phase):
    async with opened(FakeSource(running(phase=phase))) as person:
        await person.press("backspace")
        assert person.line == ":rewind 938"
        assert shown(person, "#there") == "there: epoch 2 begins, thaw conv (palette)"
        await person.press("enter")
        assert person.source.sent == [(Rewind(938), "key")]


async def test_the_rewind_dialog_offers_the_last_epoch_without_commands(opened):
    async with opened(FakeSource(running(interventions=()))) as person:
        await person.press("backspace")
        assert person.line == ":rewind 938"
        assert shown(person, "#there") == "there: epoch 2 begins"


async def test_the_rewind_dialog_jumps_between_commands_and_epochs(opened):
    async with opened() as person:
        await person.press("backspace")
        seen = []
        for key in ("up", "up", "up", "up", "up", "up", "down"):
            await person.press(key)
            seen.append(person.line)
        assert seen == [f":rewind {step}" for step in (700, 520, 469, 250, 0, 0, 250)]
        await person.press("enter")
        assert person.sent == ["rewind 250"]


async def test_the_rewind_dialog_says_what_happens_to_the_present_branch(opened):
    async with opened(FakeSource(branched())) as person:
        await person.press("backspace")
        await person.replace("640")
        text = shown(person, "#left-behind")
        assert "kept as branch b2" in text
        assert "not on the new branch: schedule fc cosine to 0 over 3 epochs, clip norm 1" in text


async def test_the_rewind_dialog_shows_input_errors(opened):
    reasons = {
        "9 999": "step 9 999 is still to come: the run is at step 1 204",
        "1204": "the run is at step 1 204 already",
        "soon": "rewind takes",
        "": "rewind",
    }
    async with opened() as person:
        await person.press("backspace")
        for entered, reason in reasons.items():
            await person.replace(entered)
            await person.press("enter")
            assert person.line.startswith(f"✗ {reason}")
            assert person.sent == []


async def test_the_rewind_dialog_counts_hidden_commands(opened):
    made = tuple(Intervention(number, f"lr fc {number}") for number in range(9))
    async with opened(FakeSource(running(interventions=made))) as person:
        await person.press("backspace")
        await person.replace("0")
        assert "lr fc 2, lr fc 3 and 5 more" in shown(person, "#left-behind")


async def test_the_rewind_dialog_follows_the_run(opened):
    async with opened() as person:
        await person.press("backspace")
        person.source.show(step=1300)
        await person.look()
        await person.replace("1250")
        assert person.line == ":rewind 1250"


async def test_the_rewind_dialog_offers_checkpoints_by_name(opened):
    async with opened(FakeSource(running(checkpoints=("start", "good")))) as person:
        await person.press("backspace")
        seen = []
        for _ in range(3):
            await person.press("tab")
            seen.append(person.line)
        assert seen == [":rewind good", ":rewind start", ":rewind good"]
        assert "exactly where the checkpoint was made" in shown(person, "#there")
        await person.replace("goood")
        assert person.line == (
            "✗ no checkpoint is called 'goood', did you mean 'good'? (checkpoints: start, good)"
        )
        await person.replace("good")
        await person.press("enter")
        assert person.sent == ["rewind good"]


@pytest.mark.parametrize("phase", TAKES)
async def test_the_checkpoint_dialog_suggests_an_unused_name(opened, phase):
    known = ("good", "step-1204")
    async with opened(FakeSource(running(phase=phase, checkpoints=known))) as person:
        await person.press("K")
        assert person.line == ":checkpoint step-1204-2"
        assert shown(person, "#kept") == "existing: good, step-1204"
        await person.press("up", "up", "up")
        assert person.line == ":checkpoint good"
        assert shown(person, "#kept").startswith("⚠ the checkpoint good exists and will be")
        await person.press("enter")
        assert person.source.sent == [(Checkpoint("good"), "key")]


async def test_an_invalid_checkpoint_name_is_not_sent(opened):
    async with opened() as person:
        await person.press("K")
        await person.replace("auto")
        await person.press("enter")
        assert person.line.startswith("✗ checkpoint cannot take 'auto'")
        assert person.sent == []


@pytest.mark.parametrize("phase", TAKES)
async def test_the_branches_dialog_switches_to_the_chosen_branch(opened, phase):
    async with opened(FakeSource(branched(phase=phase))) as person:
        await person.press("b")
        assert person.line == ":branch b1"
        await person.press("up", "enter")
        assert person.source.sent == [(Branch("main"), "key")]


async def test_branches_are_shown_as_a_tree(opened):
    lines = (
        branch("main", 0, 1850),
        branch("b1", 600, 1500, parent="main"),
        branch("b3", 900, 950, parent="b1"),
        branch("b7", 100, 101, parent="main"),
    )
    source = FakeSource(branched(branches=lines, parent="b1", fork=640))
    async with opened(source) as person:
        await person.press("b")
        options = person.app.screen.query_one(OptionList).options
        rows = [str(option.prompt)[:22].rstrip() for option in options]
        assert rows == ["┄ main", "┄ ├ b7", "┄ └ b1", "●   ├ b2", "┄   └ b3"]
        assert str(options[1].prompt).split()[3:] == ["100", "101", "1.81", "—"]
        await person.press("j", "j", "enter")
        assert person.line == "✗ the run is on b2 already"
        assert person.sent == []


def test_a_tree_is_drawn_without_an_unknown_parent():
    leaves = branch_rows(branched(parent="gone", branches=(branch("b1", 6, 15, parent="gone"),)))
    assert [leaf.name for leaf in leaves] == ["b1", "b2"]


async def test_the_branch_key_without_branches_says_so(opened):
    async with opened() as person:
        await person.press("b")
        assert person.status.startswith("no branch was left yet")
        assert person.app.screen is person.deck


@pytest.mark.parametrize(("key", "dialog"), [("backspace", RewindDialog), ("b", BranchesDialog)])
async def test_escape_in_a_history_dialog_changes_nothing(opened, key, dialog):
    async with opened(FakeSource(branched())) as person:
        await person.press(key)
        assert isinstance(person.app.screen, dialog)
        await person.press("escape")
        assert person.sent == []


async def test_history_keys_say_so_without_a_history(opened):
    async with opened(FakeSource(starting())) as person:
        for key in BACK:
            person.deck.status.show_text("")
            await person.press(key)
            assert "the run is starting" in person.status
        person.source.shown = running(step=0, interventions=(), version=2)
        await person.look()
        assert person.status == ""
        await person.press("backspace")
        assert person.status == "nothing to go back to yet: no step was taken"
        assert person.sent == []


NO_WAY_BACK = "the loop of this script fetches its own batches, so no step can be repeated"


def without_way_back(**changes):
    return running(no_way_back=NO_WAY_BACK, no_lr_sweep=NO_WAY_BACK, **changes)


@pytest.mark.parametrize("key", ["backspace", "b", "t", "v"])
async def test_a_run_without_a_way_back_says_why_at_the_key(opened, key):
    async with opened(FakeSource(without_way_back())) as person:
        await person.press(key)
        assert person.status == NO_WAY_BACK
        assert person.app.screen is person.deck
        assert person.sent == []


async def test_the_cursor_of_a_run_without_a_way_back_does_not_rewind(opened):
    async with opened(FakeSource(without_way_back())) as person:
        await person.press("left")
        assert person.status.endswith("   esc returns to now")
        assert "rewinds" not in person.status
        await person.press("enter")
        assert person.status == NO_WAY_BACK
        assert person.sent == []


async def test_the_footer_of_a_run_without_a_way_back_has_no_key_for_it(opened):
    shown = []
    for snapshot in (running(), without_way_back()):
        async with opened(FakeSource(snapshot)) as person:
            shown.append({item.action for item in person.deck.query_one(KeyFooter).hints})
    assert shown[0] - shown[1] == {"undo", "redo", "rewind", "branch", "try"}


async def test_nothing_suggested_for_a_run_without_a_way_back_needs_one():
    texts = list(suggested_commands(without_way_back()))
    assert [text for text in texts if text.startswith(("rewind", "try"))] == []
    assert "rewind 938" in list(suggested_commands(running()))


async def test_a_run_without_a_way_back_that_has_ended_can_only_be_left(opened):
    async with opened(FakeSource(without_way_back(phase=Phase.FINISHED))) as person:
        await person.press("f")
        assert person.status == "the run has ended (finished at step 1 204): q leaves"


async def test_a_failed_run_cannot_go_back(opened):
    async with opened(FakeSource(branched(phase=Phase.FAILED))) as person:
        for key in set(BACK) - {"b"}:
            person.deck.status.show_text("")
            await person.press(key)
            assert person.status == "the run has ended (failed at step 1 204): q leaves"
        assert person.sent == []


@pytest.mark.parametrize("phase", ENDED)
async def test_the_command_line_accepts_history_commands_after_the_end(opened, phase):
    async with opened(FakeSource(branched(phase=phase))) as person:
        await person.command("freeze fc")
        await person.press("enter")
        assert person.status.startswith("the run has ended")
        for line in ("rewind 400", "undo", "branch main"):
            await person.command(line)
            await person.press("enter")
        assert person.sent == ["rewind 400", "undo", "branch main"]


async def test_a_rewound_run_marks_only_commands_of_its_branch(opened):
    async with opened() as person:
        charts = person.deck.query_one("#loss")
        assert "☼conv" in charts.rendered_text()
        person.source.show(step=600, interventions=running().interventions[:2])
        await person.look()
        assert "☼" not in charts.rendered_text()
        assert len(person.source.shown.journal) == 6


async def test_the_header_shows_the_note_of_a_run_that_goes_back(opened):
    async with opened(FakeSource(running(note="rewinding: step 120 of 400"))) as person:
        assert "rewinding: step 120 of 400" in person.deck.query_one(RunHeader).render_line(1).text


@pytest.mark.parametrize(("size", "fits"), [((80, 24), 9), ((120, 36), 13)])
async def test_the_footer_shows_whole_hints_and_always_the_quit_key(opened, size, fits):
    async with opened(size=size) as person:
        line = person.deck.query_one(KeyFooter).render_line(0).text.rstrip()
        named = [key for key in KEYS if key.label and f" {key.written} {key.compact_label}" in line]
        assert len(named) == fits
        assert {"q", "?", "u"} <= {key.written for key in named}


@pytest.mark.parametrize("phase", ENDED)
async def test_the_footer_after_the_end_begins_with_history_keys(opened, phase):
    async with opened(FakeSource(running(phase=phase))) as person:
        line = person.deck.query_one(KeyFooter).render_line(0).text
        assert line.startswith(" u undo  r redo  ← back  ⌫ rewind  b branch  : c")


def test_the_palette_offers_schedules_and_history_commands():
    acts = list(suggested_commands(branched()))
    for text in ("schedule fc cosine to 0 over 10 epochs", "clip off", "rewind 900", "branch b1"):
        assert text in acts
