"""The stop condition: what holds a recorded step once its gradients are known."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...native.elementwise import movement
from ...native.runtime import stop_checks
from ...native.runtime.library import Kernel
from ...ops.base import Array
from ...ops.normalization import BatchNormTraining
from ...tensor import Parameter
from .actions import Phase
from .call import StridedPointer
from .clipping import GradientNorms
from .plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class LossLimit:
    """A loss above ``factor`` times the mean of the finite losses of the last ``window`` steps.

    Attributes
    ----------
    min_finite : how many of those losses must be finite
    history : the losses of the last steps, the latest at the end
    """

    factor: float
    window: int
    min_finite: int
    history: Sequence[float]


@dataclass(frozen=True, slots=True, eq=False)
class StopCondition:
    """Conditions that hold a step. The checks hold a step slightly early, never too late.

    Attributes
    ----------
    finite : hold a step whose loss or gradients are not finite
    loss : hold a step whose loss is too large
    norms : hold a step in which the common norm of some parameters' gradients is above a limit
    """

    finite: bool = False
    loss: LossLimit | None = None
    norms: Sequence[tuple[Sequence[Parameter], float]] = ()

    def allocate_losses(self, steps: int) -> Array:
        """Return memory for the losses of ``steps`` steps, with the history in front of it."""
        window = self.loss.window if self.loss else 0
        memory = np.full(window + steps, np.nan)
        if self.loss and window:
            history = list(self.loss.history)[-window:]
            memory[window - len(history) : window] = history
        return memory[window:]

    @property
    def plan_key(self) -> Hashable:
        """The parts of a planned condition that its calls depend on, apart from the limits."""
        groups = tuple(tuple(group) for group, _ in self.norms)
        return self.finite, self.loss is not None, groups

    @property
    def needs_norms(self) -> bool:
        """Whether the checks read the sums of squares of gradients."""
        return self.finite or bool(self.norms)


class PlannedStopCondition:
    """A stop condition as a part of a plan.

    A held step has run forward. The plan saves the running statistics first, to restore them.
    """

    def __init__(
        self,
        plan: Plan,
        condition: StopCondition,
        trained: Sequence[Parameter],
        norms: GradientNorms | None,
    ) -> None:
        loss = plan.losses
        totals = norms.totals if norms else np.zeros(0)
        self._limits = np.zeros(max(1, len(condition.norms)))
        self._factor = np.zeros(1)
        if condition.finite:
            self._plan_check(plan, stop_checks.not_finite(), totals, len(totals), loss)
        if condition.loss:
            counts = condition.loss.window, condition.loss.min_finite
            self._plan_check(plan, stop_checks.loss_above(), loss, self._factor, *counts)
        places = {parameter: place for place, parameter in enumerate(trained)}
        for index, (group, _) in enumerate(condition.norms):
            members = [places[parameter] for parameter in group if parameter in places]
            which = np.array(members, np.int64)
            limit = self._limits[index : index + 1]
            self._plan_check(plan, stop_checks.norm_above(), totals, which, len(which), limit)
        self._saved = list(_plan_saving(plan))

    def bind(self, condition: StopCondition) -> None:
        """Set the limits of the coming steps."""
        if condition.loss:
            self._factor[0] = condition.loss.factor
        for index, (_, limit) in enumerate(condition.norms):
            self._limits[index] = min(limit * limit, np.finfo(np.float64).max)

    def restore(self) -> None:
        """Restore what the forward pass of a held step has changed."""
        for array, saved in self._saved:
            array[...] = saved

    @staticmethod
    def _plan_check(plan: Plan, kernel: Kernel, *arguments: Array | int | StridedPointer) -> None:
        plan.actions.call_once(kernel, *arguments, plan.memory.hold_flag, phase=Phase.MEASURE)


def _plan_saving(plan: Plan) -> Iterator[tuple[Array, Array]]:
    """Plan to save running statistics before they change, and yield each with its copy."""
    for node in plan.graph.nodes:
        if isinstance(node.op, BatchNormTraining):
            for value in node.inputs[3:]:
                array = plan.memory.value(value)
                saved = plan.memory.scratch((value, "before"), array.shape)
                kernel = movement.copy(array.size, array.size, array.size)
                plan.actions.call_once(kernel, array, saved, 0, 1, phase=Phase.PREPARE)
                yield array, saved


def kernels() -> list[Kernel]:
    """Return every kernel that a check may call, except those whose sizes the model decides."""
    return [stop_checks.not_finite(), stop_checks.norm_above(), stop_checks.loss_above()]
