"""The status line: the answer to the last command, beside where it was given."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.app.renderables.rows import Role, Row, wrap
from tuitrain.run.snapshot import Snapshot

from .rows_view import RowsView


class StatusLine(RowsView):
    """As many lines as it takes; it holds what was last said until something else is."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self.message: Row = ()

    def show_text(self, text: str, role: Role = "text") -> None:
        """Show a sentence."""
        self.show_row(((text, role),))

    def show_row(self, row: Row) -> None:
        """Show a row."""
        self.message = row
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Break what was said to the width; a reason is never cut."""
        del snapshot
        return wrap(self.message, room.width - 2)
