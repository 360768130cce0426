"""The groups table: a row for each group, and for the parameters of open groups."""

from __future__ import annotations

import math
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
"""Width of a number of `format_number`."""

RowKey: TypeAlias = tuple[str, bool]
"""The key of a row: its name, and whether it is a group."""

_GRAD: Final = 17
_NO_HISTORY: Final = GroupHistory("")


@dataclass(frozen=True, slots=True)
class GroupColumns:
    """The widths of the columns, which are separated by one cell.

    Attributes
    ----------
    grad : 0 if there is no room for the column
    update : the column of |Δw|/|w|, or of the step at which the row was frozen
    """

    name: int = 21
    size: int = 6
    optimizer: int = 8
    lr: int = 7
    schedule: int = 8
    grad: int = 0
    update: int = 15

    @classmethod
    def fit(cls, width: int) -> GroupColumns:
        """Distribute the width; spare cells go to updates, optimizers, gradients and names."""
        minimum = cls()
        spare = width - minimum.total
        if spare < 0:
            return replace(minimum, name=max(8, minimum.name + spare))
        update = min(spare, 5)
        optimizer = min(spare - update, 24)
        grad = 0
        if spare - update >= _GRAD + 1:
            grad, optimizer = _GRAD, min(spare - update - _GRAD - 1, 12)
            spare -= _GRAD + 1
        return replace(
            minimum,
            name=minimum.name + min(spare - update - optimizer, 16),
            optimizer=minimum.optimizer + optimizer,
            grad=grad,
            update=minimum.update + update,
        )

    @property
    def total(self) -> int:
        """The width of a whole row."""
        grad = self.grad + 1 if self.grad else 0
        others = self.name + self.size + self.optimizer + self.lr + self.schedule
        return others + grad + self.update + 5


@dataclass(frozen=True)
class TableRow:
    """A row of the table: a group, or a parameter of ``group``.

    It is drawn on access: of a thousand groups some twenty are visible.
    """

    name: str
    group: str
    is_group: bool
    draw: Callable[[], Row] = field(default=tuple, repr=False, compare=False)

    @cached_property
    def row(self) -> Row:
        """The drawn row."""
        return self.draw()


def table_header(columns: GroupColumns) -> Row:
    """Return the header."""
    cells = (
        ljust("  group", columns.name),
        rjust("params", columns.size),
        ljust("optimizer" if columns.optimizer >= 9 else "optim", columns.optimizer),
        rjust("lr", columns.lr),
        ljust("schedule", columns.schedule),
        *([rjust("|grad|", columns.grad)] if columns.grad else []),
        rjust("|Δw|/|w|", columns.update),
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
    """Return the rows of all groups, and of the parameters of open groups.

    Parameters
    ----------
    folded : names of the groups that are not open
    traces : histories of the groups
    pattern : shows the matching groups with all their parameters, and the matching parameters of
        other groups
    marked : keys of the marked rows
    """
    rows: list[TableRow] = []
    histories = {history.name: history for history in traces}
    for index, group in enumerate(groups):
        whole = matches_filter(group.name, pattern)
        parameters = [
            parameter
            for parameter in group.parameters
            if whole or matches_filter(parameter.name, pattern)
        ]
        if not whole and not parameters:
            continue
        is_open = group.name not in folded or not whole
        history = histories.get(group.name, _NO_HISTORY)
        draw = partial(_group_row, group, group_role(index), is_open, columns, history)
        rows.append(_table_row(group.name, group.name, draw, marked))
        if is_open:
            for parameter in parameters:
                draw = partial(_parameter_row, parameter, columns)
                rows.append(_table_row(parameter.name, group.name, draw, marked, False))
    return rows


def matches_filter(name: str, pattern: str) -> bool:
    """Whether a name matches a glob, or contains a string without wildcards."""
    is_glob = any(wildcard in pattern for wildcard in "*?[")
    return fnmatchcase(name, pattern) if is_glob else pattern in name


def _table_row(
    name: str,
    group: str,
    draw: Callable[[], Row],
    marked: Collection[RowKey],
    is_group: bool = True,
) -> TableRow:
    if (name, is_group) in marked:
        draw = partial(_with_mark, draw)
    return TableRow(name, group, is_group, draw)


def _with_mark(draw: Callable[[], Row]) -> Row:
    """Put a mark into the second cell of a row."""
    (text, role), *rest = draw()
    return ((text[:1], role), ("●", "accent"), (text[2:], role), *rest)


def _group_row(
    group: GroupView, role: Role, is_open: bool, columns: GroupColumns, history: GroupHistory
) -> Row:
    name = (
        f"❄ {group.name}" if group.frozen_since is not None else group.name + _frozen_count(group)
    )
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
        *(_history(history.grad_norm, group.grad_norm, columns.grad) if columns.grad else ()),
        *(
            _history(history.update_ratio, group.update_ratio, columns.update, group.is_sampled)
            if group.frozen_since is None
            else _frozen_by_script(group.frozen_since, columns.update + 1)
            if group.is_frozen_by_script
            else _update(
                group.update_ratio, group.frozen_since, group.frozen_intact, columns.update + 1
            )
        ),
    )


def _frozen_count(group: GroupView) -> str:
    """Return the number of frozen parameters of a trained group; "" if there are none."""
    frozen = sum(parameter.frozen_since is not None for parameter in group.parameters)
    return f" ❄{frozen}/{len(group.parameters)}" if frozen else ""


def _history(series: Series, value: float, width: int, is_sampled: bool = False) -> list[Span]:
    """Return a column with the history of a value, and the value; an estimate with a ``≈``."""
    text = ("≈" if is_sampled and not math.isnan(value) else "") + format_number(value)
    return [
        (" " + sparkline(series.values, width - _NUMBER - 1), "curve"),
        (rjust(text, _NUMBER + 1), "text"),
    ]


def _parameter_row(parameter: ParameterRow, columns: GroupColumns) -> Row:
    middle = columns.optimizer + columns.lr + columns.schedule + 2
    middle += columns.grad + 1 if columns.grad else 0
    return (
        (ljust(f"    {parameter.name}", columns.name), "text"),
        (" " + _size(parameter.size, columns.size), "muted"),
        (" " + ljust(format_shape(parameter.shape), middle), "muted"),
        *_update(parameter.update_ratio, parameter.frozen_since, None, columns.update + 1),
    )


def _size(value: int, width: int) -> str:
    text = format_count(value)
    return rjust(text if len(text) <= width else format_compact(value), width)


def _frozen_by_script(since: int, width: int) -> list[Span]:
    """Return the last column of a group of which a script has frozen parameters."""
    step = format_count(since)
    texts = (f"script ❄ since {step}", f"script ❄ {step}")
    text = next((text for text in texts if len(text) < width), f"❄ {step}")
    return [(rjust(text, width), "frozen")]


def _update(ratio: float, since: int | None, intact: bool | None, width: int) -> list[Span]:
    """Return the last column: |Δw|/|w|, or since when it is frozen, and whether the bytes are."""
    if since is None:
        return [(rjust(format_number(ratio), width), "text")]
    if intact is None:
        return [(rjust(f"❄ {format_count(since)}", width), "frozen")]
    badge = "✓" if intact else "✗"
    step = f" since {format_count(since)}"
    start = next((text for text in ("frozen ", "❄ ") if len(text + badge + step) < width), "")
    role: Role = "frozen" if intact else "bad"
    return [
        (rjust(start, width - len(badge + step)), role),
        (badge, "good" if intact else "bad"),
        (step, role),
    ]
