"""A panel of rows with a cursor: its keys, its style, and scrolling to it."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType
from textual.strip import Strip

from ..keys import row_bindings
from .rows_view import RowsView


class RowCursor(RowsView):
    """A panel of rows with a cursor, or another position, that moves up and down.

    Attributes
    ----------
    header_rows : rows of a header that stays at the top and covers other rows, 0 or 1
    """

    header_rows = 0

    BINDINGS: ClassVar[list[BindingType]] = [*row_bindings()]

    def action_move(self, delta: int) -> None:
        """Move the cursor by a number of rows, at most to the first or last."""
        raise NotImplementedError

    def action_half(self, delta: int) -> None:
        """Move the cursor by halves of the visible height."""
        self.action_move(delta * max(1, self.room.height // 2))

    def cursor_style(self, component: str) -> Style:
        """Return the background of a component class, to lay over the row of the cursor."""
        return Style(bgcolor=self.get_component_rich_style(component).bgcolor)

    def render_line(self, y: int) -> Strip:
        """Draw a line; the header stays at the top when scrolled."""
        return super().render_line(-self.scroll_offset.y if y < self.header_rows else y)

    def scroll_to_row(self, place: int) -> None:
        """Scroll so that a row is visible.

        Parameters
        ----------
        place : index of the row, without the header
        """
        top, height = self.scroll_offset.y, self.room.height
        end = place + self.header_rows + 1
        if place < top:
            self.scroll_to(y=place, animate=False)
        elif end > top + height:
            self.scroll_to(y=end - height, animate=False)
