"""The network as a tree: what is in it, what trains it, and where the gradient goes.

The batch comes in at the top and the loss lies below the last row, so the gradient climbs: ▲ it
goes on to what is above, ✂ all above is frozen and it is cut here, ┴ above nothing can learn.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from tuitrain.engines.inspection import GradientFlow, NetworkRow, NetworkView
from tuitrain.engines.views import LayerUnits
from tuitrain.run.snapshot import GroupView, ParameterRow, Snapshot

from ..formatting import format_compact, format_count, format_lr, format_number, format_shape
from ..rows import Role, Row, Span, bar, ellipsize, group_role, ljust, rjust

_FLOWS: Final[Mapping[GradientFlow, tuple[str, Role]]] = {
    GradientFlow.PASSES: ("▲ pass", "good"),
    GradientFlow.CUT: ("✂ cut", "warning"),
    GradientFlow.ENDS: ("┴ end", "muted"),
    GradientFlow.NONE: ("· none", "frozen"),
}

_DECADES: Final = 3
"""What the bars of |grad| span, below the largest."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; where there is no room for all, the one with the highest ``spare`` goes first."""

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
    """Return the columns that fit; the name has what is left over."""
    shown = list(_COLUMNS)
    while sum(each.width + 1 for each in shown) - 1 > width and max(c.drop_order for c in shown):
        shown.remove(max(shown, key=lambda each: each.drop_order))
    left_over = width - sum(each.width + 1 for each in shown) + 1
    name = shown[1]
    more = min(left_over, 24)
    shown[1] = replace(name, width=max(8, name.width + more))
    return tuple(
        replace(each, width=each.width + min(left_over - more, 20)) if each.name == "grad" else each
        for each in shown
    )


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What is known of a row besides its place: from the groups table, and of the gradient.

    Attributes
    ----------
    groups : those of its parameters, in order
    frozen : how many of its parameters are
    since : the step at which the last one was frozen, if all are
    grad_norm : NaN where there is no gradient
    """

    groups: tuple[GroupView, ...]
    size: int
    frozen: int
    since: int | None
    grad_norm: float
    units: LayerUnits | None


def row_facts(row: NetworkRow, view: NetworkView, groups: Sequence[GroupView]) -> RowFacts:
    """Put together what is known of the parameters of a row."""
    found: dict[str, tuple[GroupView, ParameterRow]] = {
        each.name: (group, each) for group in groups for each in group.parameters
    }
    mine = [found[name] for name in row.parameters if name in found]
    norms = [view.grad_norms[name] for name in row.parameters if name in view.grad_norms]
    since = [each.frozen_since for _, each in mine]
    steps = [each for each in since if each is not None]
    units = {each.parameter: each for each in view.units}
    counted = [units[name] for name in row.parameters if name in units]
    leaf = row.kind == "module" and len(counted) == 1 and len(row.parameters) <= 2
    return RowFacts(
        groups=tuple({group.name: group for group, _ in mine}.values()),
        size=sum(each.size for _, each in mine),
        frozen=len(steps),
        since=max(steps) if steps and len(steps) == len(since) else None,
        grad_norm=math.hypot(*norms) if norms else math.nan,
        units=counted[0] if counted and (leaf or row.kind == "parameter") else None,
    )


def visible_rows(rows: Sequence[NetworkRow], folded: Collection[str]) -> list[NetworkRow]:
    """Return the rows that no folded one hides."""
    shown: list[NetworkRow] = []
    hidden_below: int | None = None
    for row in rows:
        if hidden_below is not None and row.depth > hidden_below:
            continue
        hidden_below = row.depth if row.key in folded else None
        shown.append(row)
    return shown


def parent_keys(rows: Sequence[NetworkRow]) -> set[str]:
    """Return the keys of the rows that have others below them."""
    return {one.key for one, other in pairwise(rows) if other.depth > one.depth}


def layer_keys(rows: Sequence[NetworkRow]) -> set[str]:
    """Return the keys of the modules that have parameters of their own and no parts."""
    above = parent_keys(rows)
    return {
        row.key
        for place, row in enumerate(rows)
        if row.key in above and all(each.kind == "parameter" for each in _below(rows, place))
    }


def _below(rows: Sequence[NetworkRow], place: int) -> list[NetworkRow]:
    found: list[NetworkRow] = []
    for each in rows[place + 1 :]:
        if each.depth <= rows[place].depth:
            break
        found.append(each)
    return found


def tree_header(columns: Sequence[Column]) -> Row:
    """Return the line of column titles."""
    cells = [(rjust if each.is_number else ljust)(each.title, each.width) for each in columns]
    return ((" ".join(cells), "muted"),)


def tree_rows(
    view: NetworkView,
    groups: Sequence[GroupView],
    folded: Collection[str],
    columns: Sequence[Column],
) -> list[Row]:
    """Draw a line for each row that no folded one hides."""
    above = parent_keys(view.rows)
    most = max(view.grad_norms.values(), default=0.0)
    roles = {group.name: group_role(place) for place, group in enumerate(groups)}
    return [
        _line(row, row_facts(row, view, groups), _mark(row, above, folded), columns, most, roles)
        for row in visible_rows(view.rows, folded)
    ]


def _mark(row: NetworkRow, above: Collection[str], folded: Collection[str]) -> str:
    if row.key not in above:
        return "  "
    return "▸ " if row.key in folded else "▾ "


def _line(
    row: NetworkRow,
    facts: RowFacts,
    mark: str,
    columns: Sequence[Column],
    most: float,
    roles: Mapping[str, Role],
) -> Row:
    cells = _cells(row, facts, roles)
    spans: list[Span] = []
    for column in columns:
        if column.name == "name":
            text, role = _name(row, facts)
            spans.append((ljust("  " * row.depth + mark + text, column.width), role))
        elif column.name == "grad":
            spans += _grad(facts.grad_norm, most, column.width)
        else:
            text, role = cells[column.name]
            spans.append(((rjust if column.is_number else ljust)(text, column.width), role))
        spans.append((" ", "text"))
    return tuple(spans[:-1])


def _cells(row: NetworkRow, facts: RowFacts, roles: Mapping[str, Role]) -> dict[str, Span]:
    """Write what stands in the plain columns."""
    one = facts.groups[0] if len(facts.groups) == 1 else None
    lrs = {group.lr for group in facts.groups}
    rules = {group.optimizer for group in facts.groups}
    size = format_count(facts.size) if facts.size < 1e6 else format_compact(facts.size)
    several = f"{len(facts.groups)} groups" if facts.groups else ""
    dead = f"{facts.units.dead}/{facts.units.units}" if facts.units else ""
    return {
        "flow": gradient_flow(row),
        "label": (row.label, "muted"),
        "shape": (format_shape(row.shape) if row.shape else "", "muted"),
        "size": (size if row.parameters else "", "text"),
        "group": (one.name, roles.get(one.name, "text")) if one else (several, "muted"),
        "optimizer": (rules.pop() if len(rules) == 1 else "·" * bool(rules), "text"),
        "lr": (format_lr(lrs.pop()) if len(lrs) == 1 else "·" * bool(lrs), "strong"),
        "state": _state(row, facts),
        "dead": (dead, "warning" if facts.units and facts.units.dead else "muted"),
    }


def gradient_flow(row: NetworkRow) -> Span:
    """Write what becomes of the gradient at a row; of a parameter, whether it gets one."""
    if not row.use_count:
        return "∅ unused", "muted"
    if row.kind == "parameter":
        return ("● learns", "good") if row.flow is GradientFlow.PASSES else ("❄ no grad", "frozen")
    text, role = _FLOWS[row.flow]
    reached, ways = row.inputs_with_gradient
    partly = row.flow is GradientFlow.PASSES and reached < ways
    return (f"{text} {reached}/{ways}", "warning") if partly else (text, role)


def _name(row: NetworkRow, facts: RowFacts) -> Span:
    frozen = facts.frozen == len(row.parameters) if row.parameters else row.buffers_held
    flake = "❄ " if frozen else ""
    tied = row.kind == "parameter" and row.path not in row.parameters
    note = f"={row.parameters[0]}" if tied else f" ×{row.use_count}" * (row.use_count > 1)
    role: Role = {"module": "strong", "operation": "muted"}.get(row.kind, "text")
    return f"{flake}{row.name}{note}", role


def _state(row: NetworkRow, facts: RowFacts) -> Span:
    if not row.parameters:
        return ("❄ still", "frozen") if row.buffers_held else ("", "text")
    if facts.since is not None:
        return f"❄ {format_count(facts.since)}", "frozen"
    if facts.frozen:
        return f"❄ {facts.frozen} of {len(row.parameters)}", "frozen"
    return "☼ trains", "muted"


def _grad(norm: float, most: float, width: int) -> list[Span]:
    """Draw |grad| as a bar on a logarithmic scale, and write it."""
    if math.isnan(norm):
        return [(" " * width, "text")]
    room = width - 8
    share = 1.0
    if math.isfinite(norm) and most > 0:
        share = 1 + math.log10(max(norm, 1e-30) / most) / _DECADES
    return [(bar(share, room), "curve"), (rjust(format_number(norm), 8), "text")]


_SAID: Final[Mapping[GradientFlow, str]] = {
    GradientFlow.PASSES: "the gradient goes on to what is above",
    GradientFlow.CUT: "the gradient is cut here: all that is above is frozen",
    GradientFlow.ENDS: "the gradient ends here: above are the data",
    GradientFlow.NONE: "no gradient is computed: nothing here or above needs one",
}


def eager_note(snapshot: Snapshot, width: int) -> str:
    """Say why steps are taken slowly, in at most so many cells; nothing if they are not."""
    return (
        ellipsize(f"eager: {snapshot.fallback_reason}", width) if snapshot.fallback_reason else ""
    )


def detail_rows(row: NetworkRow, view: NetworkView, groups: Sequence[GroupView]) -> list[Row]:
    """Say all that is known of one row, in three."""
    facts = row_facts(row, view, groups)
    name = row.path or (row.name if row.depth else f"{row.name}, the whole network")
    label = f" {row.label}({row.detail})" if row.label and row.depth else ""
    first: Row = ((name, "strong"), (f" {format_shape(row.shape)}", "muted"), (f" {label}", "text"))
    trained = [
        f"{group.name}: {f'{group.optimizer} {group.settings}'.strip()}, lr {format_lr(group.lr)}"
        + (f" {group.schedule}" if group.schedule != "constant" else "")
        for group in facts.groups
    ]
    size = f"{format_count(facts.size)} parameters" if row.parameters else "nothing to train"
    size += ", its buffers hold still" if row.buffers_held else ""
    state = f"  {_state(row, facts)[0]}" if row.parameters else ""
    second: Row = ((f"{size}  ", "text"), ("; ".join(trained), "muted"), (state, "frozen"))
    return [first, second, (*_dead(facts.units), *_said(row))]


def _said(row: NetworkRow) -> Row:
    if row.kind == "parameter":
        learns = row.flow is GradientFlow.PASSES
        return (("it gets a gradient" if learns else "it gets no gradient", gradient_flow(row)[1]),)
    if not row.use_count:
        return (("the outputs do not depend on it", "muted"),)
    reached, ways = row.inputs_with_gradient
    partly = row.flow is GradientFlow.PASSES and reached < ways
    more = f", on {reached} of {ways} ways" if partly else ""
    return ((_SAID[row.flow] + more, gradient_flow(row)[1]),)


def _dead(units: LayerUnits | None) -> Row:
    if units is None:
        return ()
    which = ", ".join(map(str, units.dead_indices[:8])) + (
        " …" if len(units.dead_indices) > 8 else ""
    )
    text = f"dead units {units.dead} of {units.units}" + (
        f": {which}" if units.dead_indices else ""
    )
    return ((f"{text}  ", "warning" if units.dead else "muted"),)
