"""A step before its update: what a breakpoint reads from it, and which steps may be held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .views import LayerUnits


@dataclass(frozen=True, slots=True)
class HoldCondition:
    """The steps that a breakpoint may hold: those that meet any part of this condition.

    Attributes
    ----------
    non_finite : a loss or a gradient is NaN or infinite
    loss_factor : the loss is above this multiple of the mean of the finite losses among the last
        ``average_window``, if at least ``min_finite_losses`` of them are finite; None means no
        comparison
    previous_losses : the losses of the last steps before the run, oldest first
    grad_norms : by group, the limit that the norm of its gradient exceeds
    """

    non_finite: bool = False
    loss_factor: float | None = None
    average_window: int = 0
    min_finite_losses: int = 0
    previous_losses: Sequence[float] = ()
    grad_norms: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def is_active(self) -> bool:
        """Whether any step can meet the condition."""
        return self.non_finite or self.loss_factor is not None or bool(self.grad_norms)


class PendingStep(Protocol):
    """A step whose gradients are computed and whose update is not applied yet."""

    @property
    def loss(self) -> float:
        """The batch's loss."""
        ...

    @property
    def previous_losses(self) -> Sequence[float]:
        """The losses of the steps that this run has taken."""
        ...

    @property
    def group_names(self) -> Sequence[str]:
        """The groups' names, in order."""
        ...

    def find_non_finite(self) -> str:
        """Return the first parameter whose gradient has a NaN or an infinity, or ""."""
        ...

    def grad_norm(self, group: str) -> float:
        """Return the norm of a group's gradient; 0.0 without a gradient or without such a group."""
        ...

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units in this step's batch, as `Inspectable.count_dead_units` does.

        Needs `Capability.DEAD_UNITS`.
        """
        ...


def meets_condition(step: PendingStep, condition: HoldCondition) -> bool:
    """Whether a step meets any part of a condition."""
    if condition.non_finite and (not math.isfinite(step.loss) or step.find_non_finite()):
        return True
    if condition.loss_factor is not None and condition.average_window:
        losses = [*condition.previous_losses, *step.previous_losses][-condition.average_window :]
        finite = [loss for loss in losses if math.isfinite(loss)]
        enough = len(finite) >= max(1, condition.min_finite_losses)
        if enough and step.loss > condition.loss_factor * (sum(finite) / len(finite)):
            return True
    return any(step.grad_norm(name) > limit for name, limit in condition.grad_norms.items())
