"""The status line: the reply to the last command."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.run.snapshot import Snapshot

from ..renderables.rows import Role, Row, wrap
from .rows_view import RowsView


class StatusLine(RowsView):
    """One or more lines with the last message."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self.message: Row = ()

    def show_text(self, text: str, role: Role = "text") -> None:
        """Show a string."""
        self.show_row(((text, role),))

    def show_row(self, row: Row) -> None:
        """Show a row."""
        self.message = row
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Wrap the message to the width; it is never cut."""
        del snapshot
        return wrap(self.message, room.width - 2)
