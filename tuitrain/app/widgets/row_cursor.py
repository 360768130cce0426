"""Rows that a cursor goes through, with the keys that people have chosen for it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tuitrain.app.keys import row_bindings

from .rows_view import RowsView


class RowCursor(RowsView):
    """Rows with a cursor, or another place, that is moved up and down."""

    BINDINGS: ClassVar[list[BindingType]] = [*row_bindings()]

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows, as far as there are any."""
        raise NotImplementedError

    def action_half(self, by: int) -> None:
        """Move the cursor by so many halves of what is seen."""
        self.action_move(by * max(1, self.room.height // 2))
