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
        self._is_about_start = False

    def show_text(self, text: str, role: Role = "text") -> None:
        """Show a string."""
        self.show_row(((text, role),))

    def show_row(self, row: Row) -> None:
        """Show a row."""
        self._is_about_start = False
        self.message = row
        self.redraw()

    def show_too_early(self, text: str) -> None:
        """Show why nothing can be done before the run has started; the start removes it."""
        self.show_text(f"{text} yet: the run is starting", "warning")
        self._is_about_start = True

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Wrap the message to the width; it is never cut."""
        if self._is_about_start and (snapshot.groups or snapshot.phase.ended):
            self._is_about_start = False
            self.message = ()
        return wrap(self.message, room.width - 2)
