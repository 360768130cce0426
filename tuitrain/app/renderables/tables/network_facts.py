"""The facts of a row of the network tree: parameters, groups, gradient flow, dead units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tuitrain.engines.inspection import GradientFlow, Inspection, NetworkRow, NetworkView
from tuitrain.engines.views import LayerUnits
from tuitrain.run.snapshot import GroupView, ParameterRow, Snapshot

from ..formatting import format_compact, format_count, format_lr, format_shape, shorten_numbers
from ..rows import Role, Row, Span, ellipsize

_MAX_INPUTS: Final = 3
"""More inputs of a network are counted."""

_FLOWS: Final[Mapping[GradientFlow, tuple[str, Role]]] = {
    GradientFlow.PASSES: ("▲ pass", "good"),
    GradientFlow.CUT: ("✂ cut", "warning"),
    GradientFlow.ENDS: ("┴ end", "muted"),
    GradientFlow.NONE: ("· none", "frozen"),
}

_FLOW_SENTENCES: Final[Mapping[GradientFlow, str]] = {
    GradientFlow.PASSES: "the gradient passes upward",
    GradientFlow.CUT: "the gradient stops here: everything above is frozen",
    GradientFlow.ENDS: "the gradient ends here: only the data are above",
    GradientFlow.NONE: "no gradient is computed: nothing here or above needs one",
}


@dataclass(frozen=True, slots=True)
class RowFacts:
    """The facts of a row from the groups table and from the last gradient.

    Attributes
    ----------
    groups : the groups of its parameters, in order
    size : number of values in its parameters
    frozen : number of its frozen parameters
    since : the step at which the last parameter was frozen; None unless all are frozen
    grad_norm : norm of its gradient; NaN without a gradient
    units : dead units of its layer; None unless it is a layer or the layer's weight
    """

    groups: tuple[GroupView, ...]
    size: int
    frozen: int
    since: int | None
    grad_norm: float
    units: LayerUnits | None


def row_facts(row: NetworkRow, view: NetworkView, groups: Sequence[GroupView]) -> RowFacts:
    """Collect the facts of the parameters of a row."""
    parameters: dict[str, tuple[GroupView, ParameterRow]] = {
        parameter.name: (group, parameter) for group in groups for parameter in group.parameters
    }
    own = [parameters[name] for name in row.parameters if name in parameters]
    norms = [view.grad_norms[name] for name in row.parameters if name in view.grad_norms]
    frozen_at = [
        parameter.frozen_since for _, parameter in own if parameter.frozen_since is not None
    ]
    units = {entry.parameter: entry for entry in view.units}
    counted = [units[name] for name in row.parameters if name in units]
    is_leaf = row.kind == "module" and len(counted) == 1 and len(row.parameters) <= 2
    return RowFacts(
        groups=tuple({group.name: group for group, _ in own}.values()),
        size=sum(parameter.size for _, parameter in own)
        if groups
        else sum(_sizes(view).get(name, 0) for name in row.parameters),
        frozen=len(frozen_at),
        since=max(frozen_at) if frozen_at and len(frozen_at) == len(own) else None,
        grad_norm=math.hypot(*norms) if norms else math.nan,
        units=counted[0] if counted and (is_leaf or row.kind == "parameter") else None,
    )


@lru_cache(maxsize=2)
def _sizes(view: NetworkView) -> Mapping[str, int]:
    """Return the number of values in each parameter of a network whose groups are not known."""
    own = (row for row in view.rows if row.kind == "parameter")
    return {row.parameters[0]: math.prod(row.shape) for row in own}


def gradient_flow(row: NetworkRow) -> Span:
    """Return the gradient flow at a row; of a parameter, whether it gets a gradient."""
    if not row.use_count:
        return "∅ unused", "muted"
    if row.kind == "parameter":
        return ("● learns", "good") if row.flow is GradientFlow.PASSES else ("❄ no grad", "frozen")
    text, role = _FLOWS[row.flow]
    if _is_partial(row):
        reached, ways = row.inputs_with_gradient
        return f"{text} {reached}/{ways}", "warning"
    return text, role


def row_state(row: NetworkRow, facts: RowFacts) -> Span:
    """Return whether a row is trained or frozen."""
    if not row.parameters:
        return ("❄ still", "frozen") if row.buffers_held else ("", "text")
    if not facts.groups:
        return "", "text"  # of a record that has no groups, or without an optimizer
    if facts.since is not None:
        return f"❄ {format_count(facts.since)}", "frozen"
    if facts.frozen:
        return f"❄ {facts.frozen} of {len(row.parameters)}", "frozen"
    return "☼ trains", "muted"


def network_title(view: Inspection | None) -> str:
    """Return the title of the tree, with shape and dtype of each input of the network."""
    if not isinstance(view, NetworkView) or not view.inputs:
        return "network: data above, loss below"
    inputs = [f"{format_shape(entry.shape)} {entry.dtype}" for entry in view.inputs]
    shown = ", ".join(inputs[:_MAX_INPUTS])
    more = f" and {len(inputs) - _MAX_INPUTS} more" if len(inputs) > _MAX_INPUTS else ""
    return f"network: data {shown}{more} above, loss below"


def tree_note(view: Inspection | None, snapshot: Snapshot, width: int) -> str:
    """Return what the tree does not know, or why steps are slow or fast, cut to ``width``."""
    own = view.note if isinstance(view, NetworkView) else ""
    return ellipsize(own or _speed_note(snapshot), width)


def _speed_note(snapshot: Snapshot) -> str:
    """Return why steps run on the eager tier, or which frozen layers have cached outputs, or ""."""
    cache, reason = snapshot.frozen_cache, snapshot.fallback_reason
    if reason or cache is None:
        return f"eager: {reason}" if reason else ""
    if cache.reason:
        return f"frozen layers are not cached: {cache.reason}"
    known, samples = format_count(cache.known), format_count(cache.samples)
    text = f"cached below {cache.below}: {known} of {samples} samples"
    return f"{text}, {format_compact(cache.nbytes)}B"


def detail_rows(row: NetworkRow, view: NetworkView, groups: Sequence[GroupView]) -> list[Row]:
    """Describe a row of the tree in three rows: name, training, gradient."""
    facts = row_facts(row, view, groups)
    name = row.path or (row.name if row.depth else f"{row.name}, the whole network")
    label = f" {row.label}({row.detail})" if row.label and row.depth else ""
    shape = f" {format_shape(row.shape)}" if row.shape else ""  # else it is not known
    first: Row = ((name, "strong"), (shape, "muted"), (f" {label}", "text"))
    size = f"{format_count(facts.size)} parameters" if row.parameters else "nothing to train"
    size += ", its buffers are held" if row.buffers_held else ""
    trained = "; ".join(map(_group_text, facts.groups))
    state = f"  {row_state(row, facts)[0]}" if row.parameters else ""
    second: Row = ((f"{size}  ", "text"), (trained, "muted"), (state, "frozen"))
    return [first, second, (*_dead_units(facts.units), *_flow_sentence(row))]


def _group_text(group: GroupView) -> str:
    optimizer = f"{group.optimizer} {shorten_numbers(group.settings)}".strip()
    schedule = f" {group.schedule}" if group.schedule != "constant" else ""
    return f"{group.name}: {optimizer}, lr {format_lr(group.lr)}{schedule}"


def _is_partial(row: NetworkRow) -> bool:
    """Whether the gradient reaches a row on some of its paths only."""
    reached, ways = row.inputs_with_gradient
    return row.flow is GradientFlow.PASSES and reached < ways


def _flow_sentence(row: NetworkRow) -> Row:
    role = gradient_flow(row)[1]
    if row.kind == "parameter":
        learns = row.flow is GradientFlow.PASSES
        return (("it gets a gradient" if learns else "it gets no gradient", role),)
    if not row.use_count:
        return (("the outputs do not depend on it", "muted"),)
    reached, ways = row.inputs_with_gradient
    suffix = f", on {reached} of {ways} paths" if _is_partial(row) else ""
    return ((_FLOW_SENTENCES[row.flow] + suffix, role),)


def _dead_units(units: LayerUnits | None) -> Row:
    if units is None:
        return ()
    which = ", ".join(map(str, units.dead_indices[:8])) + (
        " …" if len(units.dead_indices) > 8 else ""
    )
    text = f"dead units {units.dead} of {units.units}" + (
        f": {which}" if units.dead_indices else ""
    )
    return ((f"{text}  ", "warning" if units.dead else "muted"),)
