"""The panels of the network view: the tree, and the details of the selected row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message

from tuitrain.engines.inspection import NetworkRow, NetworkView
from tuitrain.run.snapshot import Snapshot

from ...renderables.rows import Row
from ...renderables.tables.network import (
    fit_columns,
    layer_keys,
    parent_keys,
    tree_header,
    tree_rows,
    visible_rows,
)
from ...renderables.tables.network_facts import detail_rows, network_title, tree_note
from ..inspection_access import inspection_of, placeholder_rows
from ..row_cursor import RowCursor
from ..rows_view import RowsView


class NetworkTree(RowCursor, can_focus=True):
    """The tree; its cursor is bound to the key of a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "move(10)", "Far down", show=False),
        Binding("pageup", "move(-10)", "Far up", show=False),
        Binding("enter", "fold", "Fold", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tree-cursor"}

    header_rows = 1

    @dataclass
    class Selected(Message):
        """Another row is selected."""

    def __init__(self) -> None:
        super().__init__(id="network-tree", classes="panel seen")
        self.key = ""
        self._folded: set[str] | None = None
        self._shown: list[NetworkRow] = []

    @property
    def selected(self) -> NetworkRow | None:
        """The row of the cursor."""
        return self._shown[self._place] if self._shown else None

    @property
    def _place(self) -> int:
        return next((at for at, row in enumerate(self._shown) if row.key == self.key), 0)

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the tree, or the reason why there is none."""
        view = inspection_of(self)
        self.set_border_texts(network_title(view), tree_note(view, snapshot, room.width))
        if not isinstance(view, NetworkView):
            return placeholder_rows(self, room.width)
        if self._folded is None:
            # Without enough room, the parameters of each layer are folded at first.
            self._folded = layer_keys(view.rows) if len(view.rows) >= room.height else set()
        self._shown = visible_rows(view.rows, self._folded)
        columns = fit_columns(room.width)
        return [tree_header(columns), *tree_rows(view, snapshot.groups, self._folded, columns)]

    def row_style(self, y: int) -> Style | None:
        """Mark the selected row."""
        if not self._shown or y != self._place + 1:
            return None
        return self.cursor_style("tree-cursor")

    def _go(self, place: int) -> None:
        if not self._shown:
            return
        before = self._place
        self.key = self._shown[max(0, min(place, len(self._shown) - 1))].key
        for at in (before, self._place):
            self.refresh_line(at + 1)
        self.scroll_to_row(self._place)
        self.post_message(self.Selected())

    def on_click(self, event: Click) -> None:
        """Select the row under the pointer; a second click folds it."""
        place = event.get_content_offset_capture(self).y + self.scroll_offset.y - 1
        if 0 <= place < len(self._shown):
            is_selected = place == self._place
            self._go(place)
            if is_selected:
                self.action_fold()

    def action_move(self, delta: int) -> None:
        """Move the cursor."""
        self._go(self._place + delta)

    def action_fold(self) -> None:
        """Fold the selected row, or open it."""
        view = inspection_of(self)
        if not isinstance(view, NetworkView) or self._folded is None or self.selected is None:
            return
        if self.selected.key in parent_keys(view.rows):
            self.key = self.selected.key
            self._folded ^= {self.key}
            self.redraw()
            self.refresh()
            self.scroll_to_row(self._place)


class NetworkDetail(RowsView):
    """The details of the selected row."""

    def __init__(self, tree: NetworkTree) -> None:
        super().__init__(id="network-detail", classes="seen")
        self._tree = tree

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Describe the row."""
        del room
        view, row = inspection_of(self), self._tree.selected
        if not isinstance(view, NetworkView) or row is None:
            return []
        return detail_rows(row, view, snapshot.groups)
