"""Steps that can be held between their gradients and their update."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from tuitrain_core import Parameter
from tuitrain_core.optimizer import Optimizer

from ..grouping.computed_step import ComputedStep
from ..pending_step import HoldCondition, PendingStep
from ..views import LayerUnits
from .model import MutableState, SeededModel
from .optimizers import CoreTable
from .stepper import Stepper


class HoldableSteps:
    """Takes steps that a breakpoint can hold; a held step leaves no trace.

    Parameters
    ----------
    stepper : takes the steps
    model : whose mutable state a held step restores
    table : the groups
    """

    def __init__(self, stepper: Stepper, model: SeededModel, table: CoreTable) -> None:
        self._stepper = stepper
        self._model = model
        self._table = table

    def take_burst(
        self,
        step: int,
        max_steps: int,
        previous_losses: Sequence[float],
        should_hold: Callable[[PendingStep], bool],
        hold_condition: HoldCondition | None,
    ) -> list[float]:
        """Take a burst of steps that do not meet the condition, or one step that may be held.

        Parameters
        ----------
        step : the steps taken so far
        previous_losses : the losses of the earlier steps of this run
        should_hold, hold_condition : see `Trainable.run`

        Returns
        -------
        The losses of the steps; none if the step was held.
        """
        if hold_condition is not None:
            hold_condition = replace(
                hold_condition, previous_losses=[*hold_condition.previous_losses, *previous_losses]
            )
            taken = self._stepper.take_burst(step, max_steps, hold_condition)
            if taken:
                return taken
        return self._try(step, previous_losses, should_hold)

    def count_dead_units(self, step: int) -> Sequence[LayerUnits]:
        """Count the dead units in the batch of a step; the state is not changed."""
        return self._dead_units(step, self._model.mutable_state())

    def _try(
        self, step: int, before: Sequence[float], hold: Callable[[PendingStep], bool]
    ) -> list[float]:
        """Take a step, or hold it: then restore what its forward pass has changed."""
        begun = self._model.mutable_state()
        loss = self._stepper.differentiate(step)
        count = functools.partial(self._dead_units, step, begun)
        if hold(CorePendingStep(loss, tuple(before), self._table, count)):
            self._model.restore(begun)
            return []
        self._stepper.update(step)
        return [loss]

    def _dead_units(self, step: int, begun: MutableState) -> Sequence[LayerUnits]:
        """Run a step's batch forward from the state ``begun``; the present state is kept."""
        now = self._model.mutable_state()
        self._model.restore(begun)
        try:
            dead_by_layer = self._stepper.find_dead_units(step)
        finally:
            self._model.restore(now)
        return tuple(
            LayerUnits(
                name,
                self._table.group_of(name).name,
                dead.size,
                int(dead.sum()),
                tuple(np.flatnonzero(dead).tolist()),
            )
            for name, dead in dead_by_layer.items()
        )


class CorePendingStep(ComputedStep[Parameter, Optimizer]):
    """Loss and gradients between the backward pass and the update; see `ComputedStep`."""

    def _is_finite(self, parameter: Parameter) -> bool:
        grad = parameter.grad
        return grad is None or bool(np.isfinite(grad.memory()).all())

    def _norm(self, parameters: Iterable[Parameter]) -> float:
        grads = (parameter.grad for parameter in parameters)
        squares = (np.square(g.memory(), dtype=np.float64).sum() for g in grads if g is not None)
        return math.sqrt(sum(map(float, squares)))
