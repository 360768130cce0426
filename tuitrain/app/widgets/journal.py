"""The journal: every command, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size

from tuitrain.app.renderables.journal import journal_rows
from tuitrain.app.renderables.rows import Row
from tuitrain.run.snapshot import Snapshot

from .rows_view import RowsView


class Journal(RowsView, can_focus=True):
    """The newest command is in sight, unless one has scrolled back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Later", show=False),
        Binding("k", "scroll_up", "Earlier", show=False),
    ]
    BORDER_TITLE = "journal"

    def __init__(self) -> None:
        super().__init__(id="journal", classes="panel")
        self._seen = -1

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the commands, oldest first."""
        return journal_rows(snapshot.journal, room.width)

    def watch_snapshot(self) -> None:
        """Follow the newest entry."""
        if self.snapshot is None or len(self.snapshot.journal) == self._seen:
            return
        self._seen = len(self.snapshot.journal)
        self.border_subtitle = f"{self._seen} command{'s' if self._seen != 1 else ''}"
        follows = self.scroll_offset.y >= self.max_scroll_y
        self.redraw()
        if follows:
            self.scroll_end(animate=False)

    def on_resize(self) -> None:
        """Fit the rows, and keep the newest in sight."""
        self.redraw()
        self.scroll_end(animate=False)
