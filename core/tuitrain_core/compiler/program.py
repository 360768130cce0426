"""The recorded step: traced once, then run over memory that stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..native.optim import update
from ..native.optim.update_rules import RULES
from ..native.runtime import step_loop
from ..native.runtime.library import Kernel
from ..ops.base import Array
from ..optimizer import UpdateStatistics
from ..tensor import Parameter, Tensor
from .execution import burst, pipelined
from .execution.burst import Burst
from .execution.pipelined import PipelinedSteps
from .graph import Graph, Value
from .lowering import lower
from .planning import clipping, stop_condition
from .planning.batch_source import BatchSource
from .planning.call import Call, StridedPointer
from .planning.clipping import Clipping
from .planning.memory import Workspace, address, public_view
from .planning.plan import Plan
from .planning.stop_condition import StopCondition
from .planning.updates import ParameterUpdate, plan_block_gradient, read_statistics

T = TypeVar("T")

MAX_PLANS = 64
"""Plans of bursts that are kept; each is some dozens of small arrays."""


class Program:
    """A step of training, from a batch to gradients, or to updated parameters.

    Parameters
    ----------
    graph : what the step computes
    capacity : samples in the largest batch
    pools : whether convolutions may take the pools behind them; see `lower`
    """

    def __init__(self, graph: Graph, capacity: int, fuse_pool: bool = True) -> None:
        self.graph = graph
        self._workspace = Workspace(capacity)
        self._layers = lower(graph, fuse_pool)
        self._leaves = {id(each.tensor): each for each in graph.leaves}
        self._used = graph.values_used_by_loss()
        self._loss = self._workspace.array("losses", (1,), np.float64)
        self._losses = StridedPointer(8, address(self._loss))
        self._steps: dict[Hashable, Burst] = {}
        self._bursts: dict[Hashable, Burst] = {}
        self._all_series: dict[Hashable, PipelinedSteps] = {}
        self._running: Burst | PipelinedSteps | None = None
        self._last: tuple[Sequence[ParameterUpdate], Hashable] = (), ()
        self._gradients: dict[int, Tensor] = {}

    @property
    def capacity(self) -> int:
        """Samples in the largest batch."""
        return self._workspace.capacity

    def images(self, rows: int) -> Array:
        """Return the memory that takes a batch's images: a view of shape (rows, C, H, W)."""
        value = self.graph.images
        return public_view(self._workspace.value_array(value, "value", rows), value)

    def labels(self, rows: int) -> Array:
        """Return the memory that takes a batch's labels: int32 (rows,)."""
        return self._workspace.value_array(self.graph.labels, "value", rows)

    def differentiate(self, rows: int, trained: Sequence[Parameter], threads: int = 1) -> float:
        """Compute loss and gradients of the batch that `images` and `labels` hold.

        Parameters
        ----------
        rows : samples in the batch
        trained : the parameters whose ``grad`` is wanted; it is the same memory in every step.
            Nothing is computed that only other parameters would need.
        threads : how many share the work; the bits are the same for any number

        Returns
        -------
        The loss.
        """
        key = rows, tuple(map(id, trained)), threads
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = burst.plan_burst(self._plan(rows, trained), threads=threads)
        self._losses.start = address(self._loss)
        if not step.run(1):
            step.raise_failure()
        self._show_gradients(trained)
        return float(self._workspace.value_array(self.graph.loss, "value", rows).item())

    def logits(self, rows: int) -> Array:
        """Return what the loss compares with the labels, as the last step has left it."""
        (judge, *_) = self.graph.consumers(self.graph.labels)
        return self._workspace.value_array(judge.inputs[0], "value", rows)

    def read_value(self, value: Value, rows: int) -> Array:
        """Return what the last step has left of a value that no layer keeps to itself."""
        return public_view(self._workspace.value_array(value, "value", rows), value)

    def kernels(self, feed: BatchSource, trained: Sequence[Parameter]) -> list[Kernel]:
        """Return the kernels of a step and of every update rule, compiled or not."""
        capacity, leaves = self._workspace.capacity, [self._leaves[id(each)] for each in trained]
        plan = self._plan(capacity, trained, feed)
        in_blocks = self._plan(capacity, trained, feed, by_blocks=leaves)
        for value in leaves:
            plan_block_gradient(in_blocks, value)
        actions = [*plan.actions, *plan.later, *in_blocks.actions, *in_blocks.later]
        actions += pipelined.pipelined_actions(partial(self._plan, capacity, trained, feed), leaves)
        calls = [each.kernel for each in actions if isinstance(each, Call)]
        rules = [*map(update.update, RULES), update.trust_ratio()]
        besides = [*step_loop.all_kernels(), *clipping.kernels(), *stop_condition.kernels()]
        return [*calls, *rules, *besides]

    def is_native(self, trained: Sequence[Parameter]) -> bool:
        """Say whether all that a step computes has kernels, when these are trained."""
        return self._plan(self._workspace.capacity, trained).native

    def depends_on(self, parameter: Parameter) -> bool:
        """Say whether the loss depends on a parameter, so that it has a gradient."""
        value = self._leaves.get(id(parameter))
        return value is not None and value in self._used

    def run_burst(
        self,
        feed: BatchSource,
        order: Array,
        rows: int,
        updates: Sequence[ParameterUpdate],
        threads: int = 1,
        clip: Clipping | None = None,
        stop_condition: StopCondition | None = None,
    ) -> Array:
        """Take steps, updates included; without a look at Python, if all of it has kernels.

        Parameters
        ----------
        feed : where batches come from
        order : the samples of all the steps, int64, C-contiguous; ``rows`` of them for each
        rows : samples in a batch
        updates : what becomes of each parameter that is trained
        threads : how many share the work; the bits are the same for any number
        clip : how gradients are cut down before the updates
        held_for : what ends the burst before the step in which it is so, as if that had not been
            begun, but for the gradients

        Returns
        -------
        The losses, float64; fewer than asked for if `interrupt` was called meanwhile, or a step is
        held. There are none if one may be, and an operation has no kernel.

        Raises
        ------
        CoreError : the first step cannot be taken; nothing was updated
        """
        steps = len(order) // rows
        losses = stop_condition.allocate_losses(steps) if stop_condition else np.empty(steps)
        found: Burst | PipelinedSteps
        if clip or stop_condition or steps == 1:
            found = self._burst(feed, rows, updates, threads, clip, stop_condition)
            if stop_condition and not found.steps.native:
                return np.empty(0)
            found.bind(updates, clip, stop_condition)
        else:
            found = self._series(feed, rows, updates, threads)
            found.bind(updates)
        feed.set_order(order, rows)
        self._losses.start = address(losses)
        self._running = found
        try:
            taken = found.run(steps)
        finally:
            self._running = None
        if not taken:
            found.raise_failure()
        self._show_gradients([each.parameter for each in updates])
        return losses[:taken]

    def load_gradients(self, parameters: Iterable[Parameter]) -> bool:
        """Make the gradients that parameters have those that `update` reads.

        Gradients that `differentiate` has left are there already. Others, as clipped ones are, are
        copied to their place: an update is computed by the same kernels wherever its gradient comes
        from.

        Parameters
        ----------
        parameters : those without a gradient do not matter

        Returns
        -------
        False if a gradient has no place here: the loss does not depend on its parameter, or its
        shape is another. Nothing was copied then.
        """
        found = [(each, each.grad.numpy()) for each in parameters if each.grad is not None]
        if not all(self.depends_on(each) and each.shape == grad.shape for each, grad in found):
            return False
        places = [(self._gradient(each), grad) for each, grad in found]
        others = [(place, grad) for place, grad in places if not _same_memory(place, grad)]
        # Copied all before one is written: two parameters may have exchanged their gradients.
        with np.errstate(over="ignore"):  # what is too large for the dtype shows in the weights
            copies = [(place, grad.astype(place.dtype)) for place, grad in others]
        for place, grad in copies:
            place[...] = grad
        return True

    def update(
        self, updates: Sequence[ParameterUpdate], threads: int = 1, clip: Clipping | None = None
    ) -> None:
        """Update parameters by the gradients that `differentiate` or `take_gradients` has left.

        Parameters
        ----------
        updates : what becomes of each parameter that is trained
        threads : how many share the work; the bits are the same for any number
        clip : how gradients are cut down before, where they are
        """
        found = self._burst(None, 1, updates, threads, clip)
        found.bind(updates, clip)
        found.steps.run()

    def interrupt(self) -> None:
        """End the burst that is under way after the present step; from any thread."""
        running = self._running
        if running is not None:
            running.interrupt()

    def statistics(self, parameter: Parameter) -> UpdateStatistics:
        """Return what the last native update did to a parameter."""
        return read_statistics(self._workspace, self._leaves[id(parameter)])

    def _burst(
        self,
        feed: BatchSource | None,
        rows: int,
        updates: Sequence[ParameterUpdate],
        threads: int,
        clip: Clipping | None = None,
        held_for: StopCondition | None = None,
    ) -> Burst:
        """Return the plan of whole steps from a feed, or without one of the updates alone."""

        def plan() -> Burst:
            trained = [each.parameter for each in updates]
            alone = Plan(self.graph, self._workspace, rows, trained)
            step = alone if feed is None else self._plan(rows, trained, feed)
            return burst.plan_burst(step, updates, threads, clip, held_for)

        kind = id(feed), rows, threads, clip and clip.plan_key, held_for and held_for.plan_key
        return self._kept(self._bursts, kind, updates, plan)

    def _series(
        self, feed: BatchSource, rows: int, updates: Sequence[ParameterUpdate], threads: int
    ) -> PipelinedSteps:
        """Return the plan of steps of which only the last one is looked at."""

        def plan() -> PipelinedSteps:
            trained = [each.parameter for each in updates]
            make = partial(self._plan, rows, trained, feed)
            places = {self._leaves[id(each)]: place for place, each in enumerate(trained)}
            return pipelined.plan_pipelined(make, updates, places, threads)

        return self._kept(self._all_series, (id(feed), rows, threads), updates, plan)

    def _kept(
        self,
        plans: dict[Hashable, T],
        kind: Hashable,
        updates: Sequence[ParameterUpdate],
        plan: Callable[[], T],
    ) -> T:
        """Return what is planned for these updates; planned now, if it was not yet."""
        if updates is not self._last[0]:  # as they are in most bursts
            self._last = updates, tuple(each.plan_key for each in updates)
        key = kind, self._last[1]
        found = plans.get(key)
        if found is None:
            if len(plans) >= MAX_PLANS:
                plans.clear()
            found = plans[key] = plan()
        return found

    def _show_gradients(self, trained: Sequence[Parameter]) -> None:
        """Let each parameter's ``grad`` be its gradient; None if the loss does not depend on it."""
        for parameter in trained:
            known = self._gradients.get(id(parameter))
            if known is None and self.depends_on(parameter):
                known = self._gradients[id(parameter)] = Tensor(self._gradient(parameter))
            parameter.grad = known

    def _gradient(self, parameter: Parameter) -> Array:
        return self._workspace.value_array(self._leaves[id(parameter)], "gradient", 0)

    def _plan(
        self, rows: int, trained: Sequence[Tensor], feed: BatchSource | None = None, **how: Any
    ) -> Plan:
        """Plan a step up to its gradients; ``how`` : see `Plan`."""
        plan = Plan(self.graph, self._workspace, rows, trained, self._losses, **how)
        if feed is not None:
            feed.plan(plan)
        for layer in self._layers:
            layer.forward(plan)
        if plan.needs(self.graph.loss):
            with plan.into(self.graph.loss) as seed:
                seed[...] = 1.0
        for layer in reversed(self._layers):
            if plan.differentiable(layer.output):
                layer.backward(plan)
        plan.draw_no_more()
        return plan


def _same_memory(one: Array, other: Array) -> bool:
    """Return whether two arrays of one shape are the same numbers in memory, in the same order."""
    return address(one) == address(other) and one.strides == other.strides
