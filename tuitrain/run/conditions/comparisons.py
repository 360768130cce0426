"""The comparisons of conditions: with the step under way, or with the step that was taken last."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from tuitrain.commands import AddBreakpoint
from tuitrain.engines.targets import match_names
from tuitrain.engines.views import LayerUnits

AVERAGE_STEPS: Final = 50
"""Steps over which the loss is averaged."""

MIN_AVERAGE_STEPS: Final = AVERAGE_STEPS // 5
"""The number of these steps that must have a finite loss before a loss is compared."""

_RELATIONS: Final = {
    ">=": ("has reached", "is below"),
    "<=": ("is not above", "is above"),
    ">": ("is above", "is not above"),
    "<": ("is below", "is not below"),
}
"""How messages describe a metric that meets a condition, and one that does not."""


class ComparedStep(Protocol):
    """The values of a step that conditions read, such as a `PendingStep` has."""

    @property
    def loss(self) -> float:
        """The batch's loss."""
        ...

    @property
    def group_names(self) -> Sequence[str]:
        """The groups' names, in order."""
        ...

    def find_non_finite(self) -> str:
        """Return where a gradient has a NaN or an infinity, or ""."""
        ...

    def grad_norm(self, group: str) -> float:
        """Return the norm of a group's gradient; NaN if it is not known."""
        ...

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units of the layers whose units are counted."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a condition is met, and the values that say so.

    Attributes
    ----------
    is_met : None if that is not known yet
    found : the compared values, as a sentence
    """

    is_met: bool | None
    found: str

    @property
    def reason(self) -> str:
        """The compared values if the condition is met, else ""."""
        return self.found if self.is_met else ""


def compare_step(
    condition: AddBreakpoint, step: ComparedStep, losses: Sequence[float]
) -> Comparison:
    """Compare a step with a condition that is not on a metric.

    Parameters
    ----------
    losses : those of the steps before, oldest first
    """
    match condition.on:
        case "nan":
            return _compare_finite(step)
        case "loss":
            return _compare_loss(condition, step.loss, losses)
        case "grad_norm":
            return _compare_grad_norm(condition, step)
        case "dead_units":
            return _compare_dead_units(condition, step)
        case name:
            raise ValueError(f"metrics are compared by compare_metric, but {name!r} was given")


def compare_metric(condition: AddBreakpoint, value: float) -> Comparison:
    """Compare a value of a metric with a condition; NaN meets none."""
    match condition.sign:
        case ">=":
            is_met = value >= condition.limit
        case "<=":
            is_met = value <= condition.limit
        case ">":
            is_met = value > condition.limit
        case "<":
            is_met = value < condition.limit
    when_met, else_ = _RELATIONS[condition.sign]
    relation = when_met if is_met else else_
    return Comparison(is_met, f"{condition.on} {value:g} {relation} {condition.limit:g}")


def average_loss(losses: Sequence[float]) -> float | None:
    """Return the average of the newest losses; None if too few of them are finite."""
    finite = [loss for loss in losses[-AVERAGE_STEPS:] if math.isfinite(loss)]
    return math.fsum(finite) / len(finite) if len(finite) >= MIN_AVERAGE_STEPS else None


def _compare_finite(step: ComparedStep) -> Comparison:
    where = step.find_non_finite()
    if not math.isfinite(step.loss):
        gradient = f", and so is the gradient of {where}" if where else ""
        return Comparison(True, f"loss is {step.loss}{gradient}")
    if where:
        return Comparison(True, f"the gradient of {where} is not finite")
    return Comparison(False, f"loss is {step.loss:g}")


def _compare_loss(condition: AddBreakpoint, loss: float, losses: Sequence[float]) -> Comparison:
    average = average_loss(losses)
    if average is None:
        return Comparison(None, f"the average needs {MIN_AVERAGE_STEPS} finite losses")
    is_met = loss > condition.limit * average
    relation = "is above" if is_met else "is not above"
    return Comparison(is_met, f"loss {loss:g} {relation} {condition.limit:g} x {average:g}")


def _compare_grad_norm(condition: AddBreakpoint, step: ComparedStep) -> Comparison:
    """Compare the norms of the groups in their order; the largest is named if none is above."""
    norms: dict[str, float] = {}
    for name in match_names(condition.group, step.group_names):
        norm = step.grad_norm(name)
        if norm > condition.limit:
            return Comparison(True, f"grad_norm of {name} is {norm:g}, above {condition.limit:g}")
        if not math.isnan(norm):
            norms[name] = norm
    if not norms:
        return Comparison(None, f"{condition.group} has no gradient")
    name = max(norms, key=lambda name: norms[name])
    return Comparison(
        False, f"grad_norm of {name} is {norms[name]:g}, not above {condition.limit:g}"
    )


def _compare_dead_units(condition: AddBreakpoint, step: ComparedStep) -> Comparison:
    """Compare the layers in their order; the one with most dead is named if none is above."""
    shares: list[tuple[float, str]] = []
    for layer in step.count_dead_units():
        if not match_names(condition.group, [layer.group]):
            continue
        share = 100 * layer.dead / layer.units
        counted = f"{layer.dead} of the {layer.units} units of {layer.parameter} are dead"
        if share > condition.limit:
            return Comparison(True, f"{counted} ({share:.3g}%, above {condition.limit:g}%)")
        shares.append((share, f"{counted} ({share:.3g}%, not above {condition.limit:g}%)"))
    if not shares:
        return Comparison(None, f"{condition.group} has no layer whose units are counted")
    return Comparison(False, max(shares)[1])
