"""Whether a condition holds now: with the last step, the newest metrics and the present weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tuitrain.commands import AddBreakpoint
from tuitrain.engines.engine import Engine
from tuitrain.engines.targets import match_names

from ..snapshot import Series
from .checks import AVERAGE_STEPS, MIN_AVERAGE_STEPS, average_loss, metric_reason

_OPPOSITES: Final = {">=": "is below", "<=": "is above", ">": "is not above", "<": "is not below"}


@dataclass(frozen=True, slots=True)
class Present:
    """Whether a condition holds now, and the values that say so.

    Attributes
    ----------
    holds : None if it cannot be said yet
    """

    holds: bool | None
    found: str

    def __str__(self) -> str:
        """``yes, …``, ``no, …`` or ``not known yet, …``."""
        word = {True: "yes", False: "no", None: "not known yet"}[self.holds]
        return f"{word}, {self.found}"


def check_now(
    condition: AddBreakpoint,
    engine: Engine,
    losses: Sequence[float],
    metrics: Mapping[str, Series],
) -> Present:
    """Return whether a condition holds at this boundary, for the step that was taken last.

    Parameters
    ----------
    condition : it fits the run; see `check_target`
    losses : those of the newest steps, oldest first
    metrics : those of the present branch so far
    """
    if condition.is_on_metric:
        return _metric(condition, metrics.get(condition.on))
    if not losses:
        return Present(None, "no step is taken")
    match condition.on:
        case "loss":
            return _loss(condition, losses)
        case "grad_norm":
            return _grad_norm(condition, engine)
        case "dead_units":
            return _dead_units(condition, engine)
        case _:
            return _finite(engine, losses[-1])


def _metric(condition: AddBreakpoint, curve: Series | None) -> Present:
    if curve is None or not len(curve.steps):
        return Present(None, f"{condition.on} is not measured so far")
    value = float(curve.values[-1])
    if reason := metric_reason(condition, value):
        return Present(True, reason)
    return Present(
        False, f"{condition.on} {value:g} {_OPPOSITES[condition.sign]} {condition.limit:g}"
    )


def _loss(condition: AddBreakpoint, losses: Sequence[float]) -> Present:
    average = average_loss(losses[-AVERAGE_STEPS - 1 : -1])
    if average is None:
        return Present(None, f"the average needs {MIN_AVERAGE_STEPS} finite losses")
    holds = losses[-1] > condition.limit * average
    relation = "is above" if holds else "is not above"
    return Present(holds, f"loss {losses[-1]:g} {relation} {condition.limit:g} x {average:g}")


def _grad_norm(condition: AddBreakpoint, engine: Engine) -> Present:
    groups = engine.groups()
    names = match_names(condition.group, [group.name for group in groups])
    norms = {group.name: group.grad_norm for group in groups if group.name in names}
    known = {name: norm for name, norm in norms.items() if not math.isnan(norm)}
    if not known:
        return Present(None, f"{condition.group} has no gradient")
    name = max(known, key=lambda name: known[name])
    holds = known[name] > condition.limit
    relation = "above" if holds else "not above"
    return Present(holds, f"grad_norm of {name} is {known[name]:g}, {relation} {condition.limit:g}")


def _dead_units(condition: AddBreakpoint, engine: Engine) -> Present:
    layers = [
        layer for layer in engine.count_dead_units() if match_names(condition.group, [layer.group])
    ]
    if not layers:
        return Present(None, f"{condition.group} has no layer whose units are counted")
    layer = max(layers, key=lambda layer: layer.dead / layer.units)
    share = 100 * layer.dead / layer.units
    holds = share > condition.limit
    counted = f"{layer.dead} of the {layer.units} units of {layer.parameter} are dead"
    relation = "above" if holds else "not above"
    return Present(holds, f"{counted} ({share:.3g}%, {relation} {condition.limit:g}%)")


def _finite(engine: Engine, loss: float) -> Present:
    if not math.isfinite(loss):
        return Present(True, f"loss is {loss}")
    infinite = [group.name for group in engine.groups() if math.isinf(group.grad_norm)]
    if infinite:
        return Present(True, f"the gradient of {infinite[0]} is not finite")
    return Present(False, f"loss is {loss:g}")
