"""The groups table: groups and parameters, with a cursor, folding, marks and a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.message import Message

from tuitrain.run.snapshot import GroupView, Snapshot

from ...renderables.formatting import format_count
from ...renderables.rows import LazyRows, Row
from ...renderables.tables.groups import (
    GroupColumns,
    RowKey,
    TableRow,
    table_header,
    table_rows,
)
from ...renderables.timeline import group_at
from ..row_cursor import RowCursor


class GroupsTable(RowCursor, can_focus=True):
    """A table whose cursor is bound to a *name*, so that the selection survives other rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "fold", "Fold", show=False, id="open"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"groups-cursor"}
    BORDER_TITLE = "groups"

    header_rows = 1

    @dataclass
    class Selected(Message):
        """Another row is selected."""

        row: TableRow

    @dataclass
    class Badge(Message):
        """The last column of the selected row was clicked, which is its badge while frozen."""

    def __init__(self) -> None:
        super().__init__(id="groups", classes="panel")
        self.selected: TableRow | None = None
        self._folded: set[str] = set()
        self._waits_for_room: bool | None = None
        self._table: list[TableRow] = []
        self._places: dict[RowKey, int] = {}
        self._pattern = ""
        self._marked: set[RowKey] = set()
        self.shown_step: int | None = None
        """The step whose values are shown; None for the newest values."""

    @property
    def shown_rows(self) -> list[TableRow]:
        """The rows that neither a fold nor the filter hides, from the top."""
        return list(self._table)

    @property
    def marked(self) -> list[TableRow]:
        """The marked rows that the filter shows, from the top."""
        return [row for row in self._table if (row.name, row.is_group) in self._marked]

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the header and the rows."""
        if not snapshot.groups:
            absent = "not in the record" if snapshot.phase.is_record else "no groups yet"
            return [((absent, "muted"),)]
        self._name_borders(snapshot)
        self._fit(snapshot, room.height)
        columns = GroupColumns.fit(room.width)
        self._table = table_rows(
            self._groups(snapshot),
            self._folded,
            columns,
            snapshot.histories,
            self._pattern,
            self._marked,
        )
        self._places = {(row.name, row.is_group): at for at, row in enumerate(self._table)}
        if not self._table:
            return [((f"nothing matches {self._pattern!r}: esc shows all", "muted"),)]
        self._select(self._place())
        table, header = self._table, table_header(columns)
        return LazyRows(len(table) + 1, lambda y: table[y - 1].row if y else header)

    def row_style(self, y: int) -> Style | None:
        """Mark the selected row."""
        place = self._place()
        if place is None or y != place + 1:
            return None
        return self.cursor_style("groups-cursor")

    def show_step(self, step: int | None) -> None:
        """Show the values of a step, or the newest."""
        self.shown_step = step
        self.redraw()

    def _groups(self, snapshot: Snapshot) -> Sequence[GroupView]:
        if (step := self.shown_step) is None:
            return snapshot.groups
        histories = {history.name: history for history in snapshot.histories}
        return [group_at(group, histories.get(group.name), step) for group in snapshot.groups]

    def filter(self, pattern: str) -> None:
        """Show only rows that match a glob or contain a string; all rows for ""."""
        self._pattern = pattern
        self.redraw()
        self.refresh()

    def _name_borders(self, snapshot: Snapshot) -> None:
        """Show the filter, the step of the values unless they are the newest, and the clipping."""
        title = " ".join(["groups"] + [f"/{self._pattern}"] * bool(self._pattern))
        if self.shown_step is not None:
            title += f" · lr, |grad|, |Δw|/|w| at step {format_count(self.shown_step)}"
        self.set_border_texts(title, f"⊓ clip {snapshot.clip}" if snapshot.clip else "")

    def toggle_mark(self) -> None:
        """Mark or unmark the selected row, and move to the next one."""
        if self.selected is not None and self._place() is not None:
            self._marked ^= {(self.selected.name, self.selected.is_group)}
            self.redraw()
            self.action_move(1)

    def clear_marks(self) -> None:
        """Unmark all rows."""
        self._marked.clear()
        self.redraw()

    def select(self, name: str) -> None:
        """Select the group or parameter of a name."""
        self._go(next((at for at, row in enumerate(self._table) if row.name == name), 0))

    def _fit(self, snapshot: Snapshot, height: int) -> None:
        """Fold all groups while there is too little room, until the user folds or opens one."""
        if self._waits_for_room is False:
            return
        lines = 1 + sum(1 + len(group.parameters) for group in snapshot.groups)
        self._waits_for_room = lines > height
        self._folded = {group.name for group in snapshot.groups} if lines > height else set()

    @property
    def selected_row(self) -> TableRow | None:
        """The selected row; None if the filter hides it."""
        return None if self._place() is None else self.selected

    def _place(self) -> int | None:
        if self.selected is None:
            return None
        return self._places.get((self.selected.name, self.selected.is_group))

    def _select(self, place: int | None) -> None:
        """Keep the selected row; if it is gone, select its group, or the first row."""
        if not self._table:
            return
        before = self.selected
        if place is None:
            group = before.group if before else ""
            place = next((at for at, row in enumerate(self._table) if row.name == group), 0)
        self.selected = self._table[place]
        if before is None or (before.name, before.is_group) != (
            self.selected.name,
            self.selected.is_group,
        ):
            self.post_message(self.Selected(self.selected))

    def _go(self, place: int) -> None:
        if not self._table:
            return
        before = self._place()
        self._select(max(0, min(place, len(self._table) - 1)))
        after = self._place()
        for at in (before, after):
            if at is not None:
                self.refresh_line(at + 1)
        if after is not None:
            self.scroll_to_row(after)

    def on_click(self, event: Click) -> None:
        """Select the row under the pointer; a second click folds it, one on its badge freezes."""
        at = event.get_content_offset_capture(self)
        place = at.y + self.scroll_offset.y - 1
        if 0 <= place < len(self._table):
            is_selected = place == self._place()
            self._go(place)
            if at.x >= self.room.width - GroupColumns.fit(self.room.width).update:
                self.post_message(self.Badge())
            elif is_selected:
                self.action_fold()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move the selection with the wheel."""
        event.stop()
        self.action_move(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move the selection with the wheel."""
        event.stop()
        self.action_move(-1)

    def action_move(self, delta: int) -> None:
        """Move the cursor."""
        place = self._place()
        self._go((place or 0) + delta)

    def action_fold(self) -> None:
        """Fold or open the group of the selected row."""
        if self.selected is None:
            return
        group = self.selected.group
        self._waits_for_room = False
        self._folded ^= {group}
        if not self.selected.is_group:
            rows = (row for row in self._table if row.name == group and row.is_group)
            self.selected = next(rows, self.selected)  # a filter may hide the group's row
            self.post_message(self.Selected(self.selected))
        self.redraw()
        self.refresh()
        if (place := self._place()) is not None:
            self.scroll_to_row(place)
