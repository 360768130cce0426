"""Commands that wait for their steps: below the journal, in the header, and cancelled."""

from __future__ import annotations

import pytest

from tests.app.deck.test_pen import MINE, THEIRS
from tests.app.fake import FakeSource, running
from tuitrain.app.renderables.header import header_rows
from tuitrain.app.renderables.rows import plain_text
from tuitrain.app.renderables.tables.journal import MAX_WAITING_ROWS, journal_rows
from tuitrain.app.screens.dialogs.confirm import ConfirmDialog
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.run.snapshot import JournalEntry, ScheduledCommand

ENTRY = JournalEntry(1, 520, "freeze conv", "key", "applied", "4 parameters hold still")
LR = ScheduledCommand(7, 1300, "lr fc 0.01", "ctl", "plateau")
FREEZE = ScheduledCommand(8, 2000, "freeze conv", "key@laptop")
MANY = tuple(ScheduledCommand(number, 1300 + number, "thaw fc", "ctl") for number in range(9))


def shown(**changes) -> FakeSource:
    return FakeSource(running(**{"journal": (ENTRY,), "scheduled": (LR, FREEZE)} | changes))


def test_what_waits_is_below_the_journal():
    assert [plain_text(row).rstrip() for row in journal_rows([ENTRY], 76, (LR, FREEZE))] == [
        "   520 ✓ freeze conv  key        4 parameters hold still",
        " 1 300 ◷ lr fc 0.01   ctl        waits — plateau",
        " 2 000 ◷ freeze conv  key@laptop waits",
    ]


def test_of_many_that_wait_the_next_have_rows():
    rows = [plain_text(row).rstrip() for row in journal_rows([], 76, MANY)]
    assert len(rows) == MAX_WAITING_ROWS + 1
    assert rows[-1] == "       ◷ 5 more wait"


@pytest.mark.parametrize(("width", "is_shown"), [(120, True), (60, False)])
def test_the_header_counts_what_waits_if_there_is_room(width, is_shown):
    header = plain_text(header_rows(running(scheduled=MANY), width)[1])
    assert ("◷ 9 waiting" in header) == is_shown


async def test_enter_on_what_waits_cancels_it_after_asking(opened):
    source = shown()
    async with opened(source) as person:
        journal = person.deck.query_one(Journal)
        assert journal.border_subtitle == "1 command, 2 waiting"
        assert journal.selected == ENTRY
        await person.press("tab", "down", "enter")
        assert isinstance(person.app.screen, ConfirmDialog)
        await person.press("n")
        assert source.cancelled == []
        await person.press("enter", "y")
        assert source.cancelled == [(LR.ticket, "key")]
        assert person.status == "… cancel lr fc 0.01  waits for the step boundary"
        refused = JournalEntry(7, 1204, LR.command, LR.actor, "refused", "cancelled by key")
        source.show(journal=(ENTRY, refused), scheduled=(FREEZE,))
        await person.look()
        assert "cancelled by key" in person.status
        assert journal.border_subtitle == "2 commands, 1 waiting"


async def test_the_journal_follows_its_newest_entry_and_not_what_waits(opened):
    source = shown(scheduled=())
    async with opened(source) as person:
        journal = person.deck.query_one(Journal)
        for scheduled in ((LR,), (LR, FREEZE), ()):
            source.show(scheduled=scheduled)
            await person.look()
            assert journal.selected == ENTRY


@pytest.mark.parametrize(("attachment", "is_asked"), [(MINE, True), (THEIRS, False)])
async def test_only_the_screen_with_the_pen_cancels(opened, attachment, is_asked):
    source = shown(attachment=attachment)
    async with opened(source) as person:
        await person.press("tab", "down", "enter")
        assert isinstance(person.app.screen, ConfirmDialog) == is_asked
        if not is_asked:
            assert person.status == "desk has the pen: P asks for it"
