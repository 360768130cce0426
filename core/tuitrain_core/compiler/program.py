"""A compiled step: a graph, lowered to layers, planned on demand and run over fixed memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from ..errors import CoreError
from ..native.runtime.library import Kernel
from ..native.tuning import use_fastest_tiles
from ..ops.base import Array
from ..optimizer import UpdateStatistics
from ..tensor import Parameter, Tensor, wrap
from .bottom_cache import BottomCache
from .execution.burst import Burst
from .execution.executor import never
from .execution.pipelined import PipelinedSteps
from .frozen_bottom import FrozenBottom, Obstacle
from .graph import Graph, Value
from .planner import Planner, PlanStatistics
from .planning.batch_source import BatchSource
from .planning.clipping import Clipping
from .planning.memory import Workspace, address, public_view
from .planning.stop_condition import StopCondition
from .planning.updates import ParameterUpdate, read_statistics


class Program:
    """A step of training, from a batch to gradients, or to updated parameters.

    Parameters
    ----------
    graph : what the step computes
    capacity : samples in the largest batch
    fuse_pool : whether convolutions may include the pools that follow them; see `lower`
    """

    def __init__(self, graph: Graph, capacity: int, fuse_pool: bool = True) -> None:
        use_fastest_tiles()
        self.graph = graph
        self._workspace = Workspace(capacity)
        self._planner = Planner(graph, self._workspace, fuse_pool)
        self._used_by_loss = graph.values_used_by_loss()
        self._running: Burst | PipelinedSteps | None = None
        self._gradients: dict[Parameter, Tensor] = {}

    @property
    def capacity(self) -> int:
        """Samples in the largest batch."""
        return self._workspace.capacity

    def inputs(self, rows: int) -> tuple[Array, ...]:
        """Return the memory for a batch's inputs: views of shape (rows, ...)."""
        return tuple(self.read_value(value, rows) for value in self.graph.inputs)

    def targets(self, rows: int) -> Array:
        """Return the memory for a batch's targets (rows, ...); it may be that of an input."""
        return self.read_value(self.graph.targets, rows)

    def differentiate(self, rows: int, trained: Sequence[Parameter], threads: int = 1) -> float:
        """Compute loss and gradients of the batch in `inputs` and `targets`.

        Parameters
        ----------
        rows : samples in the batch
        trained : the parameters whose ``grad`` is set, to the same memory in every step. What only
            other parameters need is not computed.
        threads : how many share the work; the bits are the same for any number

        Returns
        -------
        The loss.
        """
        step = self._planner.gradient_step(rows, trained, threads)
        self._planner.losses.start = address(self._planner.loss)
        if not step.run(1):
            step.raise_failure()
        self._set_gradients(trained)
        return float(self._workspace.value_array(self.graph.loss, "value", rows).item())

    def run_forward(self, source: BatchSource, order: Array, threads: int = 1) -> None:
        """Compute outputs and loss of a batch that a source gives, without gradients.

        Parameters
        ----------
        source : gives the batch, and does not transform its samples
        order : the samples, int64, C-contiguous
        threads : how many share the work; the bits are the same for any number

        Raises
        ------
        CoreError : the step cannot be taken
        """
        rows = len(order)
        step = self._planner.forward_step(source, rows, threads)
        source.set_order(order, rows)
        self._planner.losses.start = address(self._planner.loss)
        if not step.run(1):
            step.raise_failure()

    def frozen_bottom(self, changing: Collection[Tensor]) -> FrozenBottom | Obstacle:
        """Return the lowest layers whose outputs for a sample are the same in every step.

        Parameters
        ----------
        changing : trained parameters, and buffers that are not held
        """
        return self._planner.frozen_bottom(changing)

    def discard(self, cache: BottomCache) -> None:
        """Discard the plans that use a cache."""
        for source in (cache.filling, cache.known):
            self._planner.discard(source)

    def outputs(self, rows: int) -> Array | None:
        """Return the model's outputs in the last step; None if the model has its own loss."""
        value = self.graph.outputs
        return None if value is None else self.read_value(value, rows)

    def read_value(self, value: Value, rows: int) -> Array:
        """Return a value of the last step, which must not be inside a fused layer."""
        return public_view(self._workspace.value_array(value, "value", rows), value)

    def kernels(self, source: BatchSource, trained: Sequence[Parameter]) -> list[Kernel]:
        """Return the kernels of a step, of an evaluation and of every update rule."""
        return self._planner.kernels(source, trained)

    def is_native(self, trained: Sequence[Parameter]) -> bool:
        """Return whether a step that trains these parameters needs no Python."""
        return self._planner.is_native(trained)

    def plan_statistics(self, trained: Sequence[Parameter]) -> PlanStatistics:
        """Count the actions of a step of a whole batch that trains these parameters."""
        return self._planner.statistics(trained)

    def depends_on(self, parameter: Parameter) -> bool:
        """Return whether the loss depends on a parameter, so that it has a gradient."""
        value = self._planner.leaves.get(parameter)
        return value is not None and value in self._used_by_loss

    def run_burst(
        self,
        source: BatchSource,
        order: Array,
        rows: int,
        updates: Sequence[ParameterUpdate],
        threads: int = 1,
        clip: Clipping | None = None,
        stop_condition: StopCondition | None = None,
        is_interrupted: Callable[[], bool] = never,
    ) -> Array:
        """Run steps with their updates; in one native call if all operations have kernels.

        Parameters
        ----------
        source : gives the batches
        order : the samples of all steps, int64, C-contiguous; ``rows`` of them for each step
        rows : samples in a batch
        updates : the update of each trained parameter
        threads : how many share the work; the bits are the same for any number
        clip : how gradients are clipped before the updates
        stop_condition : ends the burst before a step that it holds, which then has changed nothing
            but the gradients
        is_interrupted : called when `interrupt` begins to have an effect; if it is true, the burst
            ends as if `interrupt` was called then

        Returns
        -------
        The losses, float64. Fewer than requested if `interrupt` was called meanwhile, or a step was
        held; none if there is a stop condition and an operation has no kernel.

        Raises
        ------
        CoreError : the first step cannot be taken, or the source transforms its samples; nothing
            was updated
        """
        if not source.is_native:
            raise CoreError("transformed samples are given batch by batch, and not in bursts")
        steps = len(order) // rows
        losses = stop_condition.allocate_losses(steps) if stop_condition else np.empty(steps)
        burst: Burst | PipelinedSteps
        if clip or stop_condition or steps == 1:
            burst = self._planner.burst(source, rows, updates, threads, clip, stop_condition)
            if stop_condition and not burst.steps.is_native:
                return np.empty(0)
            burst.bind(updates, clip, stop_condition)
        else:
            burst = self._planner.pipelined(source, rows, updates, threads)
            burst.bind(updates)
        source.set_order(order, rows)
        self._planner.losses.start = address(losses)
        self._running = burst
        try:
            taken = burst.run(steps, is_interrupted=is_interrupted)
        finally:
            self._running = None
        if not taken:
            burst.raise_failure()
        self._set_gradients([update.parameter for update in updates])
        return losses[:taken]

    def load_gradients(self, parameters: Iterable[Parameter]) -> bool:
        """Copy the parameters' gradients to the memory that `update` reads.

        Gradients of `differentiate` are there already. Others, such as clipped ones, are copied, so
        that the same kernels compute an update wherever its gradient comes from.

        Parameters
        ----------
        parameters : those without a gradient are ignored

        Returns
        -------
        False, with nothing copied, if the loss does not depend on one of the parameters, or its
        gradient has another shape.
        """
        gradients = [(p, p.grad.memory()) for p in parameters if p.grad is not None]
        if not all(self.depends_on(p) and p.shape == gradient.shape for p, gradient in gradients):
            return False
        pairs = [(self._gradient(parameter), gradient) for parameter, gradient in gradients]
        foreign = [pair for pair in pairs if not _is_same_memory(*pair)]
        # All are copied before one is written: two parameters may have exchanged their gradients.
        with np.errstate(over="ignore"):  # a value too large for the dtype shows in the weights
            copies = [(memory, gradient.astype(memory.dtype)) for memory, gradient in foreign]
        for memory, gradient in copies:
            memory[...] = gradient
        return True

    def update(
        self, updates: Sequence[ParameterUpdate], threads: int = 1, clip: Clipping | None = None
    ) -> None:
        """Update parameters by the gradients of `differentiate` or `load_gradients`.

        Parameters
        ----------
        updates : the update of each trained parameter
        threads : how many share the work; the bits are the same for any number
        clip : how gradients are clipped, in place, before the updates
        """
        burst = self._planner.burst(None, 1, updates, threads, clip)
        burst.bind(updates, clip)
        burst.steps.run()

    def interrupt(self) -> None:
        """End the running burst after its current step; may be called from any thread."""
        running = self._running
        if running is not None:
            running.interrupt()

    def statistics(self, parameter: Parameter) -> UpdateStatistics:
        """Return the norms of a parameter's last native update."""
        return read_statistics(self._workspace, self._planner.leaves[parameter])

    def _set_gradients(self, trained: Sequence[Parameter]) -> None:
        """Set each parameter's ``grad``: its memory, or None if the loss does not depend on it."""
        for parameter in trained:
            gradient = self._gradients.get(parameter)
            if gradient is None and self.depends_on(parameter):
                gradient = self._gradients[parameter] = wrap(self._gradient(parameter))
            parameter.grad = gradient

    def _gradient(self, parameter: Parameter) -> Array:
        return self._workspace.value_array(self._planner.leaves[parameter], "gradient", 0)


def _is_same_memory(one: Array, other: Array) -> bool:
    """Return whether two arrays of one shape are the same memory, read in the same order."""
    return address(one) == address(other) and one.strides == other.strides
