"""The network as a tree: its modules and parameters, what trains them, and the gradient flow.

The batch enters at the top and the loss is below the last row, so the gradient flows upwards: ▲ it
passes to the rows above, ✂ it is cut because all above is frozen, ┴ it ends because nothing above
can learn.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from tuitrain.engines.inspection import NetworkRow, NetworkView
from tuitrain.run.snapshot import GroupView

from ..formatting import format_compact, format_count, format_lr, format_number, format_shape
from ..rows import Role, Row, Span, bar, group_role, ljust, rjust
from .network_facts import RowFacts, gradient_flow, row_facts, row_state

_DECADES: Final = 3
"""Decades below the largest |grad| that the bars span."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    drop_order : columns with a higher number are left out first; 0 for columns that stay
    is_number : whether the column is aligned at the right
    """

    name: str
    title: str
    width: int
    drop_order: int = 0
    is_number: bool = False


_COLUMNS: Final = (
    Column("flow", "gradient", 10),
    Column("name", "network", 17),
    Column("label", "layer", 12, 4),
    Column("shape", "shape", 16, 5),
    Column("size", "params", 7, 0, True),
    Column("group", "group", 8, 1),
    Column("optimizer", "optim", 9, 6),
    Column("lr", "lr", 7, 2, True),
    Column("state", "since", 9, 7),
    Column("grad", "|grad|", 14, 1, True),
    Column("dead", "dead", 7, 3, True),
)


def fit_columns(width: int) -> tuple[Column, ...]:
    """Return the columns that fit; the name and the gradient get the spare width."""
    shown = list(_COLUMNS)
    while sum(column.width + 1 for column in shown) - 1 > width and any(
        column.drop_order for column in shown
    ):
        shown.remove(max(shown, key=lambda column: column.drop_order))
    spare = width - sum(column.width + 1 for column in shown) + 1
    name = shown[1]
    name_spare = min(spare, 24)
    shown[1] = replace(name, width=max(8, name.width + name_spare))
    return tuple(
        replace(column, width=column.width + min(spare - name_spare, 20))
        if column.name == "grad"
        else column
        for column in shown
    )


def visible_rows(rows: Sequence[NetworkRow], folded: Collection[str]) -> list[NetworkRow]:
    """Return the rows that are not below a folded row."""
    shown: list[NetworkRow] = []
    hidden_below: int | None = None
    for row in rows:
        if hidden_below is not None and row.depth > hidden_below:
            continue
        hidden_below = row.depth if row.key in folded else None
        shown.append(row)
    return shown


def parent_keys(rows: Sequence[NetworkRow]) -> set[str]:
    """Return the keys of the rows with children."""
    return {row.key for row, following in pairwise(rows) if following.depth > row.depth}


def layer_keys(rows: Sequence[NetworkRow]) -> set[str]:
    """Return the keys of the modules whose children are all parameters."""
    parents = parent_keys(rows)
    return {
        row.key
        for place, row in enumerate(rows)
        if row.key in parents
        and all(descendant.kind == "parameter" for descendant in _descendants(rows, place))
    }


def _descendants(rows: Sequence[NetworkRow], place: int) -> list[NetworkRow]:
    descendants: list[NetworkRow] = []
    for row in rows[place + 1 :]:
        if row.depth <= rows[place].depth:
            break
        descendants.append(row)
    return descendants


def tree_header(columns: Sequence[Column]) -> Row:
    """Return the header."""
    cells = [(rjust if col.is_number else ljust)(col.title, col.width) for col in columns]
    return ((" ".join(cells), "muted"),)


def tree_rows(
    view: NetworkView,
    groups: Sequence[GroupView],
    folded: Collection[str],
    columns: Sequence[Column],
) -> list[Row]:
    """Draw the rows that are not below a folded row."""
    parents = parent_keys(view.rows)
    max_norm = max(view.grad_norms.values(), default=0.0)
    roles = {group.name: group_role(place) for place, group in enumerate(groups)}
    return [
        _line(
            row, row_facts(row, view, groups), _mark(row, parents, folded), columns, max_norm, roles
        )
        for row in visible_rows(view.rows, folded)
    ]


def _mark(row: NetworkRow, parents: Collection[str], folded: Collection[str]) -> str:
    if row.key not in parents:
        return "  "
    return "▸ " if row.key in folded else "▾ "


def _line(
    row: NetworkRow,
    facts: RowFacts,
    mark: str,
    columns: Sequence[Column],
    max_norm: float,
    roles: Mapping[str, Role],
) -> Row:
    cells = _cells(row, facts, roles)
    spans: list[Span] = []
    for column in columns:
        if column.name == "name":
            text, role = _name(row, facts)
            spans.append((ljust("  " * row.depth + mark + text, column.width), role))
        elif column.name == "grad":
            spans += _grad(facts.grad_norm, max_norm, column.width)
        else:
            text, role = cells[column.name]
            spans.append(((rjust if column.is_number else ljust)(text, column.width), role))
        spans.append((" ", "text"))
    return tuple(spans[:-1])


def _cells(row: NetworkRow, facts: RowFacts, roles: Mapping[str, Role]) -> dict[str, Span]:
    """Return the texts of all columns except name and gradient."""
    group = facts.groups[0] if len(facts.groups) == 1 else None
    lrs = {entry.lr for entry in facts.groups}
    optimizers = {entry.optimizer for entry in facts.groups}
    size = format_count(facts.size) if facts.size < 1e6 else format_compact(facts.size)
    several = f"{len(facts.groups)} groups" if facts.groups else ""
    dead = f"{facts.units.dead}/{facts.units.units}" if facts.units else ""
    return {
        "flow": gradient_flow(row),
        "label": (row.label, "muted"),
        "shape": (format_shape(row.shape) if row.shape else "", "muted"),
        "size": (size if row.parameters else "", "text"),
        "group": (group.name, roles.get(group.name, "text")) if group else (several, "muted"),
        "optimizer": (_common(optimizers), "text"),
        "lr": ("·" if len(lrs) > 1 else _common(set(map(format_lr, lrs))), "strong"),
        "state": row_state(row, facts),
        "dead": (dead, "warning" if facts.units and facts.units.dead else "muted"),
    }


def _common(texts: set[str]) -> str:
    """Return the only text; a dot for several texts, "" for none."""
    if len(texts) > 1:
        return "·"
    return next(iter(texts), "")


def _name(row: NetworkRow, facts: RowFacts) -> Span:
    frozen = facts.frozen == len(row.parameters) if row.parameters else row.buffers_held
    flake = "❄ " if frozen else ""
    tied = row.kind == "parameter" and row.path not in row.parameters
    note = f"={row.parameters[0]}" if tied else f" ×{row.use_count}" * (row.use_count > 1)
    role: Role = {"module": "strong", "operation": "muted"}.get(row.kind, "text")
    return f"{flake}{row.name}{note}", role


def _grad(norm: float, max_norm: float, width: int) -> list[Span]:
    """Draw |grad| as a bar on a logarithmic scale, with its value."""
    if math.isnan(norm):
        return [(" " * width, "text")]
    bar_width = width - 8
    share = 1.0
    if math.isfinite(norm) and max_norm > 0:
        share = 1 + math.log10(max(norm, 1e-30) / max_norm) / _DECADES
    return [(bar(share, bar_width), "curve"), (rjust(format_number(norm), 8), "text")]
