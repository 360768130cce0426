"""The status line: the answer to the last command, beside where it was given."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.app.renderables.rows import Role, Row, flowed
from tuitrain.run.snapshot import Snapshot

from .rows_view import RowsView


class StatusLine(RowsView):
    """As many lines as it takes; it holds what was last said until something else is."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self.said: Row = ()

    def say(self, text: str, role: Role = "text") -> None:
        """Show a sentence."""
        self.show(((text, role),))

    def show(self, row: Row) -> None:
        """Show a row."""
        self.said = row
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Break what was said to the width; a reason is never cut."""
        del snapshot
        return flowed(self.said, room.width - 2)
