"""The journal: every command and its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message

from tuitrain.run.snapshot import JournalEntry, ScheduledCommand, Snapshot

from ...renderables.rows import Row
from ...renderables.tables.journal import MAX_WAITING_ROWS, journal_rows
from ..row_cursor import RowCursor


class Journal(RowCursor, can_focus=True):
    """A list of commands that follows the newest one until the user selects another.

    The next commands that wait for their steps are below it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Show there", show=False, id="open"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"journal-cursor"}
    BORDER_TITLE = "journal"

    @dataclass
    class Chosen(Message):
        """The user asked for the step of an entry."""

        entry: JournalEntry

    @dataclass
    class WaitingChosen(Message):
        """The user has chosen a command that waits for its step."""

        command: ScheduledCommand

    def __init__(self) -> None:
        super().__init__(id="journal", classes="panel")
        self._length = -1
        self._place = -1
        self._scheduled: tuple[ScheduledCommand, ...] = ()

    @property
    def selected(self) -> JournalEntry | ScheduledCommand | None:
        """The selected entry, or the selected command that waits."""
        if self.snapshot is None or self._place < 0:
            return None
        rows = (*self.snapshot.journal, *self.snapshot.scheduled[:MAX_WAITING_ROWS])
        return rows[self._place] if self._place < len(rows) else None

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the commands, oldest first, and those that wait."""
        return journal_rows(snapshot.journal, room.width, snapshot.scheduled)

    def row_style(self, y: int) -> Style | None:
        """Mark the selected entry, while the journal has the focus."""
        if not self.has_focus or y != self._place:
            return None
        return self.cursor_style("journal-cursor")

    def watch_snapshot(self) -> None:
        """Follow the newest entry."""
        if self.snapshot is None:
            return
        length, scheduled = len(self.snapshot.journal), self.snapshot.scheduled
        if length == self._length and scheduled == self._scheduled:
            return
        was_newest = self._place >= self._length - 1 and not self._is_waiting(self._place)
        self._length, self._scheduled = length, scheduled
        self.border_subtitle = _subtitle(length, len(scheduled))
        follows = self.scroll_offset.y >= self.max_scroll_y
        if was_newest or self._place >= self._rows:
            self._place = length - 1
        self.redraw()
        if follows:
            self.scroll_end(animate=False)

    def on_resize(self) -> None:
        """Fit the rows, and scroll to the newest."""
        self.redraw()
        self.scroll_end(animate=False)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Select the entry under the pointer, and show its step."""
        place = event.get_content_offset_capture(self).y + self.scroll_offset.y
        if 0 <= place < self._rows:
            self._go(place)
            self.action_choose()

    def action_move(self, delta: int) -> None:
        """Select another entry."""
        self._go(self._place + delta)

    def action_choose(self) -> None:
        """Ask for the step of the selected entry, or whether to cancel a command that waits."""
        match self.selected:
            case JournalEntry() as entry:
                self.post_message(self.Chosen(entry))
            case ScheduledCommand() as command:
                self.post_message(self.WaitingChosen(command))
            case None:
                pass

    @property
    def _rows(self) -> int:
        """The number of rows that can be selected."""
        return max(0, self._length) + min(len(self._scheduled), MAX_WAITING_ROWS)

    def _is_waiting(self, place: int) -> bool:
        return place >= max(0, self._length)

    def _go(self, place: int) -> None:
        self._place = max(0, min(place, self._rows - 1))
        self.refresh()
        self.scroll_to_row(self._place)


def _subtitle(commands: int, waiting: int) -> str:
    text = f"{commands} command{'s' if commands != 1 else ''}"
    return f"{text}, {waiting} waiting" if waiting else text
