"""The cursor of the timeline: moving it, its texts, and rewinding to it."""

from __future__ import annotations

from textual.widgets import Static

from tests.app.fake import FakeSource, branched, running
from tuitrain.app.renderables.timeline import events_at
from tuitrain.app.screens.dialogs.rewind import RewindDialog
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.commands import Rewind
from tuitrain.run.snapshot import Intervention, JournalEntry, Phase


def cursor(person) -> float | None:
    return person.deck.chart_view.cursor


async def test_arrows_move_between_commands_epochs_and_cached_states(opened):
    kept = (0, 850, 1200)
    async with opened(FakeSource(running(cached_steps=kept))) as person:
        seen = []
        for _ in range(9):
            await person.press("left")
            seen.append(cursor(person))
        assert seen == [1200, 938, 850, 700, 520, 469, 250, 0, 0]
        assert person.status == "nothing before that"
        for _ in range(7):
            await person.press("right")
        assert cursor(person) == 1200
        await person.press("right")
        assert cursor(person) is None
        assert person.sent == []


async def test_the_cursor_step_is_shown_and_the_table_shows_its_values(opened):
    async with opened(FakeSource(running(cached_steps=(938,)))) as person:
        await person.press("left")
        assert person.status == (
            "step 938: epoch 2 begins · thaw conv (palette) · state kept"
            "   enter rewinds there, esc returns to now"
        )
        table = person.deck.query_one(GroupsTable)
        assert str(table.border_title).endswith("at step 938")
        assert "0.0351" in table.rendered_rows[1]
        await person.press("left", "left", "left", "left", "left")
        assert "0.039" in table.rendered_rows[1]
        await person.press("escape")
        assert cursor(person) is None
        assert table.border_title == "groups"
        assert "0.0312" in table.rendered_rows[1]


def test_a_command_is_named_with_the_actor_who_gave_it():
    entries = [
        JournalEntry(0, 938, "lr * x0.5", "rule", "applied", ""),
        JournalEntry(1, 938, "lr * x0.5", "key", "refused", ""),
        JournalEntry(2, 940, "freeze conv", "agent@lab", "applied", ""),
    ]
    made = (Intervention(938, "lr * x0.5"), Intervention(940, "freeze conv"))
    snapshot = running(journal=tuple(entries), interventions=made)
    assert events_at(snapshot, 938) == ["epoch 2 begins", "lr * x0.5 (rule)"]
    assert events_at(snapshot, 940) == ["freeze conv (agent@lab)"]
    unknown = running(journal=(), interventions=made)
    assert events_at(unknown, 940) == ["freeze conv"]


async def test_enter_at_the_cursor_rewinds_after_confirmation(opened):
    async with opened() as person:
        await person.press("left", "left", "enter")
        assert isinstance(person.app.screen, RewindDialog)
        assert person.line == ":rewind 700"
        there = str(person.app.screen.query_one("#there", Static).content)
        assert there == "there: optimizer fc adam lr=0.001 (key)"
        await person.press("enter")
        assert person.source.sent == [(Rewind(700), "key")]
        assert cursor(person) is None


async def test_enter_without_a_cursor_folds_the_group(opened):
    async with opened() as person:
        await person.press("enter")
        assert person.app.screen is person.deck
        assert person.sent == []


async def test_enter_with_a_cursor_sends_a_typed_command(opened):
    async with opened() as person:
        await person.press("left")
        await person.command("freeze fc")
        await person.press("enter")
        assert person.sent == ["freeze fc"]


async def test_braces_move_between_commands(opened):
    async with opened() as person:
        seen = []
        for _ in range(4):
            await person.press("{")
            seen.append(cursor(person))
        await person.press("}")
        assert [*seen, cursor(person)] == [938, 700, 520, 250, 520]
        assert person.status.startswith("step 520: freeze conv")


async def test_small_moves_are_fine_and_a_zoomed_chart_follows(opened):
    async with opened() as person:
        await person.press("x", "<", "<", ">")
        assert cursor(person) == 1180
        assert person.deck.query_one("#accuracy").border_subtitle == "step 1 180: 96.1 %"
        await person.press("escape", "+", "+", "+", "left", "left")
        start, end = person.deck.chart_view.window(1204)
        assert start <= 700 <= end


async def test_a_click_near_a_command_selects_it(opened):
    async with opened() as person:
        chart = person.deck.query_one("#loss")
        width = chart.room.width - chart.margin_cells - 1
        column = 2 + chart.margin_cells + round(520 / 1204 * width)
        await person.pilot.click("#loss", offset=(column, 4))
        await person.look()
        assert cursor(person) == 520
        assert "freeze conv" in person.status


async def test_a_click_on_a_journal_row_moves_to_its_step(opened):
    async with opened() as person:
        await person.pilot.click("#journal", offset=(20, 1))
        await person.look()
        journal = person.deck.query_one(Journal)
        assert journal.selected is not None
        assert cursor(person) == journal.selected.step


async def test_the_journal_has_a_cursor_and_enter_moves_to_its_step(opened):
    async with opened() as person:
        await person.press("tab", "k", "k", "k", "enter")
        assert cursor(person) == 521
        await person.press("G", "enter")
        assert cursor(person) == 938
        await person.press("home", "enter")
        assert cursor(person) == 250


async def test_a_read_only_run_has_a_cursor_but_no_rewind(opened):
    async with opened(FakeSource(branched()), read_only=True) as person:
        await person.press("left", "enter")
        assert cursor(person) is not None
        assert "read-only" in person.status
        await person.press("b", "enter")
        assert person.sent == []
        assert "read-only" in person.status


async def test_a_failed_run_has_a_cursor(opened):
    async with opened(FakeSource(running(phase=Phase.FAILED))) as person:
        await person.press("left")
        assert cursor(person) == 938


async def test_the_cross_hair_at_the_present_step_cannot_be_rewound_to(opened):
    async with opened(FakeSource(branched())) as person:
        longest = max(item.tip for item in branched().branches)
        assert longest > branched().step
        await person.press("x")
        assert person.deck.chart_view.cursor == branched().step
        footer = person.deck.query_one(KeyFooter)
        assert "enter rewind there" in footer.render_line(0).text
        person.deck.cursor.move_to(longest)
        await person.look()
        assert "rewind there" not in footer.render_line(0).text
        await person.press("enter")
        assert person.app.screen is person.deck
        assert "is after the present branch, which is at step" in person.status


async def test_tab_in_the_rewind_dialog_explains_checkpoints(opened):
    async with opened(FakeSource(running())) as person:
        await person.press("backspace", "tab")
        there = str(person.app.screen.query_one("#there", Static).content)
        assert there == "no checkpoint was made yet: K saves one under a name"
