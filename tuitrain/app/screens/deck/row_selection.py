"""Rows of the groups table: which are shown, which are marked, and on which commands act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

from tuitrain.run.snapshot import GroupView

from ...renderables.tables.groups import TableRow
from ...widgets.inputs.filter_line import FilterLine
from .deck import Controller, Deck


class RowSelection(Controller):
    """The filter, the marks and the target of a command. Nothing here sends a command."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._override: Sequence[TableRow] = ()

    @property
    def selected(self) -> TableRow | None:
        """The row under the table's cursor; None if a filter hides all rows."""
        return self.deck.table.selected_row

    @property
    def marked(self) -> list[TableRow]:
        """The marked rows."""
        return self.deck.table.marked

    @property
    def targets(self) -> list[TableRow]:
        """The rows to act on: an open view's, else the marked ones, else the selected one."""
        if self._override:
            return list(self._override)
        selected = self.selected
        return self.marked or ([] if selected is None else [selected])

    @property
    def group(self) -> GroupView | None:
        """The group of the first target; None if there is no target."""
        targets = self.targets
        if not targets:
            return None
        return next((group for group in self._groups if group.name == targets[0].group), None)

    @property
    def other_groups(self) -> tuple[str, ...]:
        """The names of the targets' other groups."""
        _, *others = dict.fromkeys(row.group for row in self.targets)
        return tuple(others)

    @property
    def is_frozen(self) -> bool:
        """Whether all targets are frozen."""
        targets = self.targets
        return bool(targets) and all(map(self.is_row_frozen, targets))

    def is_row_frozen(self, row: TableRow) -> bool:
        """Return whether everything that a row or its glob names is frozen."""
        parameters = [view for group in self._groups for view in group.parameters]
        views = self._groups if row.is_group else parameters
        named = [view for view in views if view.name == row.name]
        named = named or [view for view in views if fnmatchcase(view.name, row.name)]
        return bool(named) and all(view.frozen_since is not None for view in named)

    def target_parameters(self) -> list[str]:
        """Return the parameters that are marked, or selected, and those of marked groups.

        A group that is only selected has none: its parameters form a group already.
        """
        groups = {group.name: group for group in self._groups}
        has_marks = bool(self.marked)
        names: list[str] = []
        for row in self.targets:
            if not row.is_group:
                names.append(row.name)
            elif has_marks:
                names += [view.name for view in groups[row.name].parameters]
        return list(dict.fromkeys(names))

    @contextmanager
    def overridden(self, rows: Sequence[TableRow]) -> Iterator[None]:
        """Act on rows that another view has selected; on the table's own if there are none."""
        self._override = rows
        try:
            yield
        finally:
            self._override = ()

    def action_filter(self) -> None:
        """Open the filter."""
        self.deck.query_one(FilterLine).open()

    def close_filter(self, keep: bool) -> None:
        """Close the filter, and show all rows again unless its pattern is kept."""
        self.deck.query_one(FilterLine).close(keep)
        self.deck.table.focus()

    def action_mark(self) -> None:
        """Toggle the mark of the selected row, and select the next row."""
        self.deck.table.toggle_mark()
        self.deck.show_keys()

    def reset(self) -> None:
        """Show every row, and mark none."""
        self.deck.query_one(FilterLine).end_filter()
        self.deck.table.clear_marks()
        self.deck.show_keys()

    @property
    def _groups(self) -> Sequence[GroupView]:
        return () if self.deck.snapshot is None else self.deck.snapshot.groups
