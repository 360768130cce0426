"""The groups table as rows: every group, and under an open one its parameters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Final, TypeAlias

from tuitrain.run.snapshot import GroupHistory, GroupView, ParameterRow, Series

from ..charts.sparkline import sparkline
from ..formatting import format_compact, format_count, format_lr, format_number, format_shape
from ..rows import Role, Row, Span, group_role, ljust, rjust

_NUMBER: Final = 7
"""Cells of a number as `short` writes it."""

RowKey: TypeAlias = tuple[str, bool]
"""A row that is marked: its name, and whether it is a group's."""

_GRAD: Final = 17
_NO_COURSE: Final = GroupHistory("")


@dataclass(frozen=True, slots=True)
class GroupColumns:
    """The widths of the columns; one cell lies between two of them.

    ``grad`` is 0 where there is no room for the column. ``ending`` is shared by |Δw|/|w| and by
    what stands there instead while frozen.
    """

    name: int = 21
    size: int = 6
    optimizer: int = 8
    lr: int = 7
    schedule: int = 8
    grad: int = 0
    ending: int = 15

    @classmethod
    def fit(cls, width: int) -> GroupColumns:
        """Share out the width: the rest goes to ending, optimizer settings, gradient, names."""
        least = cls()
        spare = width - least.total
        if spare < 0:
            return replace(least, name=max(8, least.name + spare))
        ending = min(spare, 5)
        optimizer = min(spare - ending, 24)
        grad = 0
        if spare - ending >= _GRAD + 1:
            grad, optimizer = _GRAD, min(spare - ending - _GRAD - 1, 12)
            spare -= _GRAD + 1
        return replace(
            least,
            name=least.name + min(spare - ending - optimizer, 16),
            optimizer=least.optimizer + optimizer,
            grad=grad,
            ending=least.ending + ending,
        )

    @property
    def total(self) -> int:
        """The width of a whole row."""
        grad = self.grad + 1 if self.grad else 0
        most = self.name + self.size + self.optimizer + self.lr + self.schedule
        return most + grad + self.ending + 5


@dataclass(frozen=True)
class TableRow:
    """A row of the table, known by a name: of a group, or of a parameter in ``group``.

    It is drawn when it is looked at: of a thousand groups some twenty are in sight.
    """

    name: str
    group: str
    is_group: bool
    draw: Callable[[], Row] = field(default=tuple, repr=False, compare=False)

    @cached_property
    def row(self) -> Row:
        """What it looks like."""
        return self.draw()


def table_header(columns: GroupColumns) -> Row:
    """Return the line of column titles."""
    cells = (
        ljust("  group", columns.name),
        rjust("params", columns.size),
        ljust("optimizer" if columns.optimizer >= 9 else "optim", columns.optimizer),
        rjust("lr", columns.lr),
        ljust("schedule", columns.schedule),
        *([rjust("|grad|", columns.grad)] if columns.grad else []),
        rjust("|Δw|/|w|", columns.ending),
    )
    return ((" ".join(cells), "muted"),)


def table_rows(
    groups: Sequence[GroupView],
    folded: Collection[str],
    columns: GroupColumns,
    traces: Sequence[GroupHistory] = (),
    pattern: str = "",
    marked: Collection[RowKey] = (),
) -> list[TableRow]:
    """Return the rows of all groups, and of the parameters of those that are not folded.

    Of what a ``pattern`` is given for, those that match: groups with all of their parameters, and
    else single parameters under their group, which is open then.
    """
    rows: list[TableRow] = []
    courses = {each.name: each for each in traces}
    for index, group in enumerate(groups):
        whole = matches_filter(group.name, pattern)
        shown = [each for each in group.parameters if whole or matches_filter(each.name, pattern)]
        if not whole and not shown:
            continue
        is_open = group.name not in folded or not whole
        course = courses.get(group.name, _NO_COURSE)
        draw = partial(_group_row, group, group_role(index), is_open, columns, course)
        rows.append(_table_row(group.name, group.name, draw, marked))
        if is_open:
            rows += [
                _table_row(
                    each.name, group.name, partial(_parameter_row, each, columns), marked, False
                )
                for each in shown
            ]
    return rows


def matches_filter(name: str, pattern: str) -> bool:
    """Whether a name matches a glob, or holds what is no glob; anything does if none is given."""
    wild = any(each in pattern for each in "*?[")
    return fnmatchcase(name, pattern) if wild else pattern in name


def _table_row(
    name: str,
    group: str,
    draw: Callable[[], Row],
    marked: Collection[RowKey],
    is_group: bool = True,
) -> TableRow:
    if (name, is_group) in marked:
        draw = partial(_marked, draw)
    return TableRow(name, group, is_group, draw)


def _marked(draw: Callable[[], Row]) -> Row:
    """Put a mark into the second cell of a row, which is empty."""
    (text, role), *rest = draw()
    return ((text[:1], role), ("●", "accent"), (text[2:], role), *rest)


def _group_row(
    group: GroupView, role: Role, is_open: bool, columns: GroupColumns, course: GroupHistory
) -> Row:
    name = f"❄ {group.name}" if group.frozen_since is not None else group.name + _partly(group)
    optimizer = f"{group.optimizer} {group.settings}".strip()
    if len(optimizer) > columns.optimizer:
        optimizer = group.optimizer
    return (
        ("▾ " if is_open else "▸ ", "muted"),
        (ljust(name, columns.name - 2), role),
        (" " + _size(group.size, columns.size), "text"),
        (" " + ljust(optimizer, columns.optimizer), "text"),
        (" " + rjust(format_lr(group.lr), columns.lr), "strong"),
        (" " + ljust(group.schedule, columns.schedule), "muted"),
        *(_course(course.grad_norm, group.grad_norm, columns.grad) if columns.grad else ()),
        *(
            _course(course.update_ratio, group.update_ratio, columns.ending)
            if group.frozen_since is None
            else _ending(
                group.update_ratio, group.frozen_since, group.frozen_intact, columns.ending + 1
            )
        ),
    )


def _partly(group: GroupView) -> str:
    """Say how many parameters of a group that learns hold still; a folded one does not show it."""
    frozen = sum(each.frozen_since is not None for each in group.parameters)
    return f" ❄{frozen}/{len(group.parameters)}" if frozen else ""


def _course(series: Series, value: float, width: int) -> list[Span]:
    """Return a column with the course of a value, and what it is now."""
    return [
        (" " + sparkline(series.values, width - _NUMBER - 1), "curve"),
        (rjust(format_number(value), _NUMBER + 1), "text"),
    ]


def _parameter_row(parameter: ParameterRow, columns: GroupColumns) -> Row:
    middle = columns.optimizer + columns.lr + columns.schedule + 2
    middle += columns.grad + 1 if columns.grad else 0
    return (
        (ljust(f"    {parameter.name}", columns.name), "text"),
        (" " + _size(parameter.size, columns.size), "muted"),
        (" " + ljust(format_shape(parameter.shape), middle), "muted"),
        *_ending(parameter.update_ratio, parameter.frozen_since, None, columns.ending + 1),
    )


def _size(value: int, width: int) -> str:
    text = format_count(value)
    return rjust(text if len(text) <= width else format_compact(value), width)


def _ending(ratio: float, since: int | None, intact: bool | None, width: int) -> list[Span]:
    """Return the last column: the update's size, or since when there is none, and its proof."""
    if since is None:
        return [(rjust(format_number(ratio), width), "text")]
    if intact is None:
        return [(rjust(f"❄ {format_count(since)}", width), "frozen")]
    badge = "✓" if intact else "✗"
    since_when = f" since {format_count(since)}"
    start = next((each for each in ("frozen ", "❄ ") if len(each + badge + since_when) < width), "")
    role: Role = "frozen" if intact else "bad"
    return [
        (rjust(start, width - len(badge + since_when)), role),
        (badge, "good" if intact else "bad"),
        (since_when, role),
    ]
