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

from tuitrain.run.snapshot import JournalEntry, Snapshot

from ...renderables.rows import Row
from ...renderables.tables.journal import journal_rows
from ..row_cursor import RowCursor


class Journal(RowCursor, can_focus=True):
    """A list of commands that follows the newest one until the user selects another."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Show there", show=False, id="open"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"journal-cursor"}
    BORDER_TITLE = "journal"

    @dataclass
    class Chosen(Message):
        """The user asked for the step of an entry."""

        entry: JournalEntry

    def __init__(self) -> None:
        super().__init__(id="journal", classes="panel")
        self._length = -1
        self._place = -1

    @property
    def selected(self) -> JournalEntry | None:
        """The selected entry."""
        entries = () if self.snapshot is None else self.snapshot.journal
        return entries[self._place] if 0 <= self._place < len(entries) else None

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the commands, oldest first."""
        return journal_rows(snapshot.journal, room.width)

    def row_style(self, y: int) -> Style | None:
        """Mark the selected entry, while the journal has the focus."""
        if not self.has_focus or y != self._place:
            return None
        return self.cursor_style("journal-cursor")

    def watch_snapshot(self) -> None:
        """Follow the newest entry."""
        if self.snapshot is None or len(self.snapshot.journal) == self._length:
            return
        was_newest = self._place >= self._length - 1
        self._length = len(self.snapshot.journal)
        self.border_subtitle = f"{self._length} command{'s' if self._length != 1 else ''}"
        follows = self.scroll_offset.y >= self.max_scroll_y
        if was_newest or self._place >= self._length:
            self._place = self._length - 1
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
        if 0 <= place < self._length:
            self._go(place)
            self.action_choose()

    def action_move(self, delta: int) -> None:
        """Select another entry."""
        self._go(self._place + delta)

    def action_choose(self) -> None:
        """Ask for the step of the selected entry."""
        if (entry := self.selected) is not None:
            self.post_message(self.Chosen(entry))

    def _go(self, place: int) -> None:
        self._place = max(0, min(place, self._length - 1))
        self.refresh()
        self.scroll_to_row(self._place)
