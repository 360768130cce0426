"""A list to pick from: rows with a cursor, of which a filter may leave some out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tuitrain.app.renderables.rows import Row

from ..row_cursor import RowCursor

Item = TypeVar("Item")


class PickList(RowCursor, Generic[Item], can_focus=True):
    """Shows an item a row, under a line of titles.

    Parameters
    ----------
    draw : makes the row of an item, so many cells wide
    fits : whether an item is shown under a filter
    titles : makes the line of titles; None for none
    absent : what to say if there is no item
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "move(10)", "Further down", show=False),
        Binding("pageup", "move(-10)", "Further up", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pick-cursor"}

    @dataclass
    class Moved(Message):
        """The cursor stands on another item, or on none."""

        pick_list: PickList

        @property
        def control(self) -> PickList:
            """The list."""
            return self.pick_list

    @dataclass
    class Picked(Moved):
        """An item was clicked a second time."""

    def __init__(
        self,
        draw: Callable[[Item, int], Row],
        fits: Callable[[Item, str], bool],
        titles: Callable[[int], Row] | None = None,
        absent: str = "",
        *,
        id: str,
    ) -> None:
        super().__init__(id=id, classes="panel pick-list")
        self._draw, self._fits, self._titles, self._absent = draw, fits, titles, absent
        self._items: list[Item] = []
        self._shown: list[Item] = []
        self._pattern = ""
        self._place = 0

    @property
    def selected(self) -> Item | None:
        """The item under the cursor."""
        return self._shown[self._place] if self._shown else None

    @property
    def visible_items(self) -> Sequence[Item]:
        """The items that the filter leaves."""
        return self._shown

    def set_items(self, items: Sequence[Item]) -> None:
        """Show other items."""
        self._items = list(items)
        self.filter(self._pattern)

    def filter(self, pattern: str) -> None:
        """Show what fits a text alone; all for ""."""
        self._pattern = pattern
        before = self.selected
        self._shown = [each for each in self._items if self._fits(each, pattern)]
        self._place = self._shown.index(before) if before in self._shown else 0
        self.border_subtitle = f"{len(self._shown)} of {len(self._items)}" if pattern else ""
        self.redraw()
        self.refresh()
        self._keep_in_sight()
        self.post_message(self.Moved(self))

    def build_rows(self, room: Size) -> Sequence[Row]:
        """Draw the titles, and a row for each item."""
        titles = [self._titles(room.width)] if self._titles else []
        if not self._shown:
            said = f"nothing matches {self._pattern!r}" if self._items else self._absent
            return [((said, "muted"),)]
        return [*titles, *(self._draw(each, room.width) for each in self._shown)]

    def row_style(self, y: int) -> Style | None:
        """Mark the row under the cursor."""
        if not self._shown or y != self._place + self._top:
            return None
        return Style(bgcolor=self.get_component_rich_style("pick-cursor").bgcolor)

    def render_line(self, y: int) -> Strip:
        """Keep the titles at the top when scrolled."""
        return super().render_line(-self.scroll_offset.y if self._top and y == 0 else y)

    def on_resize(self) -> None:
        """Fit the rows to the new size."""
        super().on_resize()
        self._keep_in_sight()

    def on_click(self, event: Click) -> None:
        """Choose the row under the pointer; a second click picks it."""
        place = event.get_content_offset_capture(self).y + self.scroll_offset.y - self._top
        if 0 <= place < len(self._shown):
            again = place == self._place
            self.action_move(place - self._place)
            if again:
                self.post_message(self.Picked(self))

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if not self._shown:
            return
        before = self._place
        self._place = max(0, min(before + by, len(self._shown) - 1))
        for at in (before, self._place):
            self.refresh_line(at + self._top - self.scroll_offset.y)
        self._keep_in_sight()
        self.refresh()
        self.post_message(self.Moved(self))

    @property
    def _top(self) -> int:
        return 1 if self._titles else 0

    def _keep_in_sight(self) -> None:
        """Scroll so that the cursor is seen under the titles, which cover the top line."""
        top, height = self.scroll_offset.y, self.room.height
        if self._place < top:
            self.scroll_to(y=self._place, animate=False)
        elif self._place + self._top + 1 > top + height:
            self.scroll_to(y=self._place + self._top + 1 - height, animate=False)
