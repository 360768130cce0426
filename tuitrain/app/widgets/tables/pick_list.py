"""A list to pick from, with a cursor and a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message

from ...renderables.rows import Row
from ..row_cursor import RowCursor

Item = TypeVar("Item")


class PickList(RowCursor, Generic[Item], can_focus=True):
    """A list with one row per item, under a header.

    Parameters
    ----------
    draw : draws the row of an item, of a given width
    fits : whether an item matches a filter
    titles : draws the header, of a given width; None for no header
    absent : text of a list without items
    key : identifies an item while its other values change; the cursor follows it
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "move(10)", "Further down", show=False),
        Binding("pageup", "move(-10)", "Further up", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pick-cursor"}

    @dataclass
    class Moved(Message):
        """The cursor has moved to another item, or there is none."""

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
        key: Callable[[Item], object] = lambda item: item,
    ) -> None:
        super().__init__(id=id, classes="panel pick-list")
        self._draw, self._fits, self._titles, self._absent = draw, fits, titles, absent
        self.header_rows = 1 if titles else 0
        self._key = key
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
        """The items that match the filter."""
        return self._shown

    def set_items(self, items: Sequence[Item]) -> None:
        """Show other items."""
        self._items = list(items)
        self.filter(self._pattern)

    def filter(self, pattern: str) -> None:
        """Show only items that match a string; all items for ""."""
        self._pattern = pattern
        before, place = self._selected_key, self._place
        self._shown = [item for item in self._items if self._fits(item, pattern)]
        keys = [self._key(item) for item in self._shown]
        self._place = keys.index(before) if before in keys else 0
        self.border_subtitle = f"{len(self._shown)} of {len(self._items)}" if pattern else ""
        self.redraw()
        self.refresh()
        if (self._selected_key, self._place) != (before, place):
            self.scroll_to_row(self._place)
            self.post_message(self.Moved(self))

    def build_rows(self, room: Size) -> Sequence[Row]:
        """Draw the header, and a row for each item."""
        titles = [self._titles(room.width)] if self._titles else []
        if not self._shown:
            text = f"nothing matches {self._pattern!r}" if self._items else self._absent
            return [((text, "muted"),)]
        return [*titles, *(self._draw(item, room.width) for item in self._shown)]

    def row_style(self, y: int) -> Style | None:
        """Mark the row under the cursor."""
        if not self._shown or y != self._place + self.header_rows:
            return None
        return self.cursor_style("pick-cursor")

    def on_resize(self) -> None:
        """Fit the rows to the new size."""
        super().on_resize()
        self.scroll_to_row(self._place)

    def on_click(self, event: Click) -> None:
        """Move to the row under the pointer; a second click picks it."""
        place = event.get_content_offset_capture(self).y + self.scroll_offset.y - self.header_rows
        if 0 <= place < len(self._shown):
            is_selected = place == self._place
            self.action_move(place - self._place)
            if is_selected:
                self.post_message(self.Picked(self))

    def action_move(self, delta: int) -> None:
        """Move the cursor."""
        if not self._shown:
            return
        before = self._place
        self._place = max(0, min(before + delta, len(self._shown) - 1))
        for at in (before, self._place):
            self.refresh_line(at + self.header_rows - self.scroll_offset.y)
        self.scroll_to_row(self._place)
        self.refresh()
        self.post_message(self.Moved(self))

    @property
    def _selected_key(self) -> object:
        return None if self.selected is None else self._key(self.selected)
