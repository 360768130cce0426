"""The watch: what a recorded step is held for, once its gradients are known."""

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
from .call import StridedPointer
from .clipping import GradientNorms
from .plan import Phase, Plan


@dataclass(frozen=True, slots=True, eq=False)
class LossLimit:
    """A loss that is above ``times`` the mean of the finite ones among the last ``over``.

    Attributes
    ----------
    least : how many must be finite
    before : the losses of the last steps, the latest at the end
    """

    factor: float
    window: int
    min_finite: int
    history: Sequence[float]


@dataclass(frozen=True, slots=True, eq=False)
class StopCondition:
    """What somebody may want to hold a step for. A step is held a little sooner than that.

    Attributes
    ----------
    finite : a loss or a gradient that is not finite
    loss : a loss that is too large
    norms : gradients of some parameters whose common norm is above a limit
    """

    finite: bool = False
    loss: LossLimit | None = None
    norms: Sequence[tuple[Sequence[Parameter], float]] = ()

    def allocate_losses(self, steps: int) -> Array:
        """Return memory for the losses of steps, before which the earlier ones lie."""
        over = self.loss.window if self.loss else 0
        memory = np.full(over + steps, np.nan)
        if self.loss and over:
            before = list(self.loss.history)[-over:]
            memory[over - len(before) : over] = before
        return memory[over:]

    @property
    def plan_key(self) -> Hashable:
        """What a planned watch depends on, besides its numbers."""
        groups = tuple(tuple(map(id, group)) for group, _ in self.norms)
        return self.finite, self.loss is not None, groups

    @property
    def needs_norms(self) -> bool:
        """Whether the sums of squares of gradients are looked at."""
        return self.finite or bool(self.norms)


class PlannedStopCondition:
    """The place of a watch in a plan.

    A step that is held has gone forward: what that moves is kept before, to be put back.
    """

    def __init__(
        self,
        plan: Plan,
        given: StopCondition,
        trained: Sequence[Parameter],
        measured: GradientNorms | None,
    ) -> None:
        loss = plan.losses
        totals = measured.totals if measured else np.zeros(0)
        self._limits = np.zeros(max(1, len(given.norms)))
        self._times = np.zeros(1)
        if given.finite:
            self._look(plan, stop_checks.not_finite(), totals, len(totals), loss)
        if given.loss:
            numbers = given.loss.window, given.loss.min_finite
            self._look(plan, stop_checks.loss_above(), loss, self._times, *numbers)
        places = {id(each): place for place, each in enumerate(trained)}
        for place, (group, _) in enumerate(given.norms):
            known = [places[id(each)] for each in group if id(each) in places]
            which = np.array(known, np.int64)
            limit = self._limits[place : place + 1]
            self._look(plan, stop_checks.norm_above(), totals, which, len(which), limit)
        self._kept = [*_keep(plan)]

    def bind(self, given: StopCondition) -> None:
        """Take the limits of the steps that come."""
        if given.loss:
            self._times[0] = given.loss.factor
        for place, (_, limit) in enumerate(given.norms):
            self._limits[place] = min(limit * limit, np.finfo(np.float64).max)

    def restore(self) -> None:
        """Let what a step has moved be as before it."""
        for array, before in self._kept:
            array[...] = before

    @staticmethod
    def _look(plan: Plan, kernel: Kernel, *arguments: Array | int | StridedPointer) -> None:
        plan.whole(kernel, *arguments, plan.held, phase=Phase.MEASURE)


def _keep(plan: Plan) -> Iterator[tuple[Array, Array]]:
    """Plan that running statistics are kept before they move, and give both."""
    for node in plan.graph.nodes:
        if isinstance(node.op, BatchNormTraining):
            for value in node.inputs[3:]:
                array = plan.value(value)
                before = plan.scratch((value, "before"), array.shape)
                kernel = movement.copy(array.size, array.size, array.size)
                plan.whole(kernel, array, before, 0, 1, phase=Phase.PREPARE)
                yield array, before


def kernels() -> list[Kernel]:
    """Return all that a watch may call, but for what depends on the model."""
    return [stop_checks.not_finite(), stop_checks.norm_above(), stop_checks.loss_above()]
