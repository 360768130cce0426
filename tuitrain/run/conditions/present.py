"""Whether a condition holds now: with the last step, the newest metrics and the present weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuitrain.commands import AddBreakpoint
from tuitrain.engines.engine import Engine
from tuitrain.engines.views import LayerUnits

from ..snapshot import Series
from .comparisons import Comparison, compare_metric, compare_step


@dataclass(frozen=True)
class LastStep:
    """The step that was taken last, as a `ComparedStep`.

    Attributes
    ----------
    loss : its batch's loss
    """

    engine: Engine
    loss: float

    @property
    def group_names(self) -> Sequence[str]:
        """The groups' names, in order."""
        return [group.name for group in self.engine.groups()]

    def find_non_finite(self) -> str:
        """Return the first group whose gradient has an infinite norm, or ""."""
        names = (group.name for group in self.engine.groups() if math.isinf(group.grad_norm))
        return next(names, "")

    def grad_norm(self, group: str) -> float:
        """Return the norm of a group's gradient; NaN without a gradient."""
        return {row.name: row.grad_norm for row in self.engine.groups()}[group]

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units of the layers whose units are counted."""
        return self.engine.count_dead_units()


def compare_now(
    condition: AddBreakpoint,
    engine: Engine,
    losses: Sequence[float],
    metrics: Mapping[str, Series],
) -> Comparison:
    """Compare a condition with the step that was taken last.

    Parameters
    ----------
    condition : it fits the run; see `check_target`
    losses : those of the newest steps, oldest first
    metrics : those of the present branch so far
    """
    if condition.is_on_metric:
        value = metrics.get(condition.on, Series()).last
        if value is None:
            return Comparison(None, f"{condition.on} is not measured so far")
        return compare_metric(condition, value)
    if not losses:
        return Comparison(None, "no step is taken")
    return compare_step(condition, LastStep(engine, losses[-1]), losses[:-1])
