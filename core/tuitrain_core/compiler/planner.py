"""The planner: the plans of a program, made when they are first needed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..native.norm.pointwise_loss import copy_loss
from ..native.optim import update
from ..native.optim.update_rules import RULES
from ..native.runtime import batch_gather, step_loop
from ..native.runtime.library import Kernel
from ..tensor import Parameter, Tensor
from .execution.burst import Burst, plan_burst
from .execution.pipelined import PipelinedSteps, pipelined_actions, plan_pipelined
from .frozen_bottom import FrozenBottom, Obstacle, find_bottom
from .graph import Graph, Value
from .layers.cross_entropy import CrossEntropyLayer
from .layers.pointwise_loss import PointwiseLossLayer
from .lowering import lower
from .plan_cache import PlanCache, UpdatesKey
from .planning import clipping, stop_condition
from .planning.batch_source import BatchSource
from .planning.call import Call, StridedPointer
from .planning.clipping import Clipping
from .planning.deferral import DeferralOptions
from .planning.memory import Workspace, address
from .planning.plan import Plan
from .planning.stop_condition import StopCondition
from .planning.updates import ParameterUpdate, plan_block_gradient


@dataclass(frozen=True, slots=True)
class PlanStatistics:
    """How a step is carried out, from the batch to the gradients.

    Attributes
    ----------
    native_calls : calls of kernels
    python_calls : operations that run in Python; forward and backward pass count separately
    """

    native_calls: int
    python_calls: int

    @property
    def actions(self) -> int:
        """All calls."""
        return self.native_calls + self.python_calls


class Planner:
    """Plans the steps of a graph, and keeps the plans.

    Parameters
    ----------
    graph : the step
    workspace : the memory that all plans share
    fuse_pool : whether convolutions may include the pools that follow them; see `lower`

    Attributes
    ----------
    leaves : the graph's leaves by their tensors
    loss : float64 memory of one loss
    losses : the address that steps write their losses to
    """

    def __init__(self, graph: Graph, workspace: Workspace, fuse_pool: bool) -> None:
        self.leaves: dict[Tensor | None, Value] = {leaf.tensor: leaf for leaf in graph.leaves}
        self.loss = workspace.array("losses", (1,), np.float64)
        self.losses = StridedPointer(8, address(self.loss))
        self._graph = graph
        self._workspace = workspace
        self._layers = lower(graph, fuse_pool)
        self._copies_loss = not any(
            isinstance(layer, CrossEntropyLayer | PointwiseLossLayer) for layer in self._layers
        )
        self._steps: PlanCache[Burst] = PlanCache()
        self._bursts: PlanCache[Burst] = PlanCache()
        self._pipelined: PlanCache[PipelinedSteps] = PlanCache()
        self._native: PlanCache[bool] = PlanCache()
        self._updates_key = UpdatesKey()

    def gradient_step(self, rows: int, trained: Sequence[Parameter], threads: int) -> Burst:
        """Return the plan of a step up to its gradients."""

        def plan() -> Burst:
            return plan_burst(self.plan(rows, trained), threads=threads)

        return self._steps.get((rows, tuple(trained), threads), plan)

    def forward_step(self, source: BatchSource, rows: int, threads: int) -> Burst:
        """Return the plan of a step without gradients, whose batch comes from a source."""

        def plan() -> Burst:
            return plan_burst(self.plan(rows, [], source), threads=threads)

        return self._steps.get((source, rows, threads), plan)

    def frozen_bottom(self, changing: Collection[Tensor]) -> FrozenBottom | Obstacle:
        """Return the frozen bottom of the step, or what prevents one; see `find_bottom`."""
        return find_bottom(self._graph, self._layers, changing)

    def discard(self, source: BatchSource) -> None:
        """Discard the plans whose batches come from a source."""
        for cache in (self._steps, self._bursts, self._pipelined):
            cache.discard(source)

    def burst(
        self,
        source: BatchSource | None,
        rows: int,
        updates: Sequence[ParameterUpdate],
        threads: int,
        clip: Clipping | None = None,
        condition: StopCondition | None = None,
    ) -> Burst:
        """Return the plan of whole steps; without a source, that of the updates alone."""

        def plan() -> Burst:
            trained = [update.parameter for update in updates]
            if source is None:
                step = Plan(self._graph, self._workspace, rows, trained)
            else:
                step = self.plan(rows, trained, source)
            return plan_burst(step, updates, threads, clip, condition)

        options = clip and clip.plan_key, condition and condition.plan_key
        key = source, rows, threads, options, self._updates_key.get(updates)
        return self._bursts.get(key, plan)

    def pipelined(
        self, source: BatchSource, rows: int, updates: Sequence[ParameterUpdate], threads: int
    ) -> PipelinedSteps:
        """Return the plan of steps of which only the last one stores its gradients."""

        def plan() -> PipelinedSteps:
            trained = [update.parameter for update in updates]
            indices = {self.leaves[parameter]: index for index, parameter in enumerate(trained)}
            plan_step = partial(self.plan, rows, trained, source)
            return plan_pipelined(plan_step, updates, indices, threads)

        key = source, rows, threads, self._updates_key.get(updates)
        return self._pipelined.get(key, plan)

    def plan(
        self,
        rows: int,
        trained: Sequence[Tensor],
        source: BatchSource | None = None,
        deferral: DeferralOptions | None = None,
    ) -> Plan:
        """Plan a step up to its gradients; see `Plan`."""
        plan = Plan(self._graph, self._workspace, rows, trained, self.losses, deferral)
        if source is not None:
            source.plan_batch(plan)
        for layer in self._layers:
            if source is None:
                layer.forward(plan)
            elif source.computes(layer):
                layer.forward(plan)
                source.plan_after(plan, layer.output)
        if self._copies_loss:
            loss = plan.memory.value(self._graph.loss)
            plan.actions.call_once(copy_loss(), loss, plan.losses)
        if plan.gradients.needs(self._graph.loss):
            with plan.gradients.target(self._graph.loss) as seed:
                seed[...] = 1.0
        for layer in reversed(self._layers):
            if plan.gradients.has(layer.output):
                layer.backward(plan)
        plan.random.plan_advance()
        return plan

    def kernels(self, source: BatchSource, trained: Sequence[Parameter]) -> list[Kernel]:
        """Return the kernels of a step, of an evaluation and of every update rule."""
        leaves = [self.leaves[parameter] for parameter in trained]
        plan_step = partial(self.plan, self._workspace.capacity, trained, source)
        blockwise = plan_step(DeferralOptions(gradients=leaves))
        for value in leaves:
            plan_block_gradient(blockwise, value)
        forward = self.plan(self._workspace.capacity, [], source)
        actions = [*plan_step().actions.all, *blockwise.actions.all, *forward.actions.all]
        actions += pipelined_actions(plan_step, leaves)
        calls = [action.kernel for action in actions if isinstance(action, Call)]
        rules = [*map(update.update, RULES), update.trust_ratio()]
        others = [*step_loop.all_kernels(), *clipping.kernels(), *stop_condition.kernels()]
        others += [batch_gather.load_rows(), batch_gather.store_rows()]
        return [*calls, *rules, *others]

    def is_native(self, trained: Sequence[Parameter]) -> bool:
        """Return whether a step that trains these parameters needs no Python.

        It is asked before each burst, and the plan of a thousand parameters takes 40 ms.
        """

        def plan() -> bool:
            return self.plan(self._workspace.capacity, trained).is_native

        return self._native.get(tuple(trained), plan)

    def statistics(self, trained: Sequence[Parameter]) -> PlanStatistics:
        """Count the actions of a step of a whole batch that trains these parameters."""
        actions = self.plan(self._workspace.capacity, trained).actions.before_hold_point
        native_calls = sum(isinstance(action, Call) for action in actions)
        return PlanStatistics(native_calls, len(actions) - native_calls)
