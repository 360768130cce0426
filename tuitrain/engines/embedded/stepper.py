"""Taking steps: many in one native call where all operations have kernels, else one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tuitrain.commands import Clip
from tuitrain_core import Parameter
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import (
    BatchSource,
    BottomCache,
    Clipping,
    LossLimit,
    Program,
    Recording,
    StopCondition,
    as_tensors,
    call_model,
)
from tuitrain_core.data import DataLoader
from tuitrain_core.errors import CoreError
from tuitrain_core.losses import Loss
from tuitrain_core.module import Module
from tuitrain_core.native import Kernel

from ..limits import cache_limit, max_threads
from ..pending_step import HoldCondition
from ..state import Array
from .autotuner import Autotuner
from .dead_units import find_dead_units, find_recorded_dead_units
from .frozen_outputs import FrozenOutputs
from .optimizers import CoreTable
from .pending_updates import PendingUpdates

MIN_KNOWN_STEPS = 8
"""Steps on known samples that are worth a separate burst."""


class _Batches(NamedTuple):
    """The batches of a burst.

    Attributes
    ----------
    order : the samples of all steps
    rows : samples in each batch
    autotuner : measures bursts of this kind
    """

    source: BatchSource
    order: Array
    rows: int
    autotuner: Autotuner


class Stepper:
    """Takes the steps of a model's training.

    Parameters
    ----------
    model, loader : the model, and the training data
    table : the groups, with their optimizers and schedules
    parameters : every parameter by name
    loss : see `Recording`
    clock : returns a monotonic time in seconds; bursts are measured with it

    Attributes
    ----------
    trained : the names of the parameters that are not frozen
    clip : how gradients are clipped
    recording : the recorded step
    frozen_outputs : keeps what the frozen layers at the bottom compute
    """

    def __init__(
        self,
        model: Module,
        loader: DataLoader,
        table: CoreTable,
        parameters: Mapping[str, Parameter],
        loss: Loss | None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.trained: tuple[str, ...] = tuple(parameters)
        self.clip = Clip("off")
        self._model = model
        self._loader = loader
        self._table = table
        self._parameters = parameters
        self._clock = clock
        self.recording = Recording(model, loader, loss=loss)
        self._cache_limit = limit = cache_limit()
        self.frozen_outputs = FrozenOutputs(loader, parameters, lambda: limit)
        self._whole_steps, self._known_steps = Autotuner(max_threads()), Autotuner(max_threads())
        self._autotuner = self._whole_steps
        self._program: Program | None = None
        self._pending: PendingUpdates | None = None
        self._is_interrupted = False

    def invalidate_plans(self) -> None:
        """Discard plans after a change of groups, optimizers, states or trained parameters."""
        self._pending = None
        for autotuner in (self._whole_steps, self._known_steps):
            autotuner.invalidate()

    def take_burst(
        self, step: int, max_steps: int, hold_condition: HoldCondition | None = None
    ) -> list[float]:
        """Take one burst of steps from ``step`` on: at least one and at most ``max_steps``.

        An interrupt since the last burst ends it after its first step, or after two.

        Parameters
        ----------
        hold_condition : ends the burst before a step that meets it, as if that step had not begun

        Returns
        -------
        The losses of the steps; none if the first step meets the condition or cannot be checked
        natively.

        Raises
        ------
        CoreError : the first step cannot be taken; nothing was updated
        """
        try:
            return self._take_burst(step, max_steps, hold_condition)
        finally:
            self._is_interrupted = False

    def _take_burst(
        self, step: int, max_steps: int, hold_condition: HoldCondition | None
    ) -> list[float]:
        recorded = self.recording.program()
        cache = recorded and self.frozen_outputs.cache(recorded[0])
        if recorded is not None and recorded[1].is_native:
            program = recorded[0]
            source, order, rows, autotuner = self._batches(step, max_steps, recorded[1], cache)
            pending = self._pending_updates(program)
            updates = pending.lay_out(step, len(order) // rows)
            if updates is not None:
                self._program, self._autotuner = program, autotuner
                threads, began = autotuner.threads, self._clock()
                besides = self._clipping(), hold_condition and self._stop_condition(hold_condition)
                try:
                    with self.recording.preserve_frozen_buffers():
                        losses = program.run_burst(
                            *(source, order, rows, updates, threads, *besides),
                            is_interrupted=lambda: self._is_interrupted,
                        )
                except CoreError:
                    pending.cancel()
                    raise
                if not len(losses):
                    pending.cancel()
                    return []
                autotuner.record_burst(threads, len(losses), self._clock() - began)
                if cache is not None and source is cache.filling:
                    cache.add(order[: len(losses) * rows])
                pending.commit(len(losses))
                return losses.tolist()
        if hold_condition is not None:
            return []
        self._autotuner = self._whole_steps
        threads, began = self._autotuner.threads, self._clock()
        loss = self.differentiate(step, threads)
        self.update(step)
        if recorded is not None and not recorded[1].is_native:
            self._autotuner.record_burst(threads, 1, self._clock() - began)
        return [loss]

    def _pending_updates(self, program: Program) -> PendingUpdates:
        if self._pending is None or self._pending.program is not program:
            table, parameters = self._table, self._parameters
            self._pending = PendingUpdates(program, table, parameters, self.trained)
        return self._pending

    def interrupt(self) -> None:
        """End the present burst at the next step boundary; any thread may call it.

        Between two bursts it ends the next one: what the caller has read before may be outdated.
        """
        self._is_interrupted = True
        program = self._program
        if program is not None:
            program.interrupt()

    def differentiate(self, step: int, threads: int = 1) -> float:
        """Compute loss and gradients of a step's batch, and return the loss."""
        for parameter in self._parameters.values():
            parameter.grad = None
        gradients = GradManager().attach(self._trained())
        return self.recording.take(*self._loader.batch(step), gradients, threads)

    def update(self, step: int) -> None:
        """Update the parameters by their gradients."""
        for group in self._table:
            group.set_lr(step)
        optimizers = [group.optimizer for group in self._table]
        self.recording.update(optimizers, self._clipping())

    def find_dead_units(self, step: int) -> Mapping[str, Array]:
        """Find the dead units of each layer in a step's batch; this changes the mutable state."""
        inputs, targets = self._loader.batch(step)
        program = self.recording.run_unfused(inputs, targets)
        if program is not None:
            return find_recorded_dead_units(program, len(targets), self._parameters)
        return find_dead_units(
            lambda: call_model(self._model, as_tensors(inputs)), self._parameters
        )

    @property
    def threads(self) -> int:
        """The number of threads that share the work at present."""
        return self._autotuner.best_threads

    @property
    def is_recorded(self) -> bool:
        """Whether steps are recorded."""
        return self.recording.program() is not None

    @property
    def fallback_reason(self) -> str:
        """Why steps are taken operation by operation; "" if they are recorded, as far as known."""
        return self.recording.problem

    @property
    def is_native(self) -> bool:
        """Whether steps run without Python: operations have kernels, and samples no transform."""
        recorded = self.recording.program()
        if recorded is None or not recorded[1].is_native:
            return False
        return recorded[0].is_native(self._trained())

    def kernels(self) -> list[Kernel]:
        """Return the native kernels that steps use, and those of every update rule."""
        recorded = self.recording.program()
        if recorded is None:
            return []
        program, feed = recorded
        return program.kernels(feed, self._trained())

    def _trained(self) -> list[Parameter]:
        return [self._parameters[name] for name in self.trained]

    def free_cache_bytes(self) -> int:
        """Return the bytes that the kept outputs of other samples may take."""
        recorded = self.recording.program()
        if recorded is not None:
            self.frozen_outputs.cache(recorded[0])
        return self._cache_limit - self.frozen_outputs.nbytes

    def _batches(
        self, step: int, max_steps: int, source: BatchSource, cache: BottomCache | None
    ) -> _Batches:
        """Return the coming batches, which share their size; of known samples if there are some."""
        epoch, position = divmod(step, len(self._loader))
        order, size = self._loader.epoch_order(epoch), self._loader.batch_size
        left = order[position * size :]
        rows = min(size, len(left))
        steps = min(max_steps, len(left) // rows)
        if cache is not None:
            known = min(steps, self._known_steps.steps)
            count = cache.count_known(left[: known * rows], rows)
            if count >= min(known, MIN_KNOWN_STEPS):
                return _Batches(cache.known, left[: count * rows], rows, self._known_steps)
            source = cache.filling
        steps = min(steps, self._whole_steps.steps)
        return _Batches(source, left[: steps * rows], rows, self._whole_steps)

    def _clipping(self) -> Clipping | None:
        """Return how gradients are clipped; frozen parameters have no gradients."""
        by, limit = self.clip.by, self.clip.limit
        return None if by == "off" else Clipping(by, limit, tuple(self._parameters.values()))

    def _stop_condition(self, condition: HoldCondition) -> StopCondition | None:
        """Return the condition in terms of parameters; None if no step can meet it."""
        if not condition.is_active:
            return None
        norms: list[tuple[list[Parameter], float]] = []
        for name, limit in condition.grad_norms.items():
            group = self._table.get(name)
            members = group.members if group else ()
            norms.append(([self._parameters[member] for member in members], limit))
        loss = None
        if condition.loss_factor is not None:
            numbers = condition.loss_factor, condition.average_window, condition.min_finite_losses
            loss = LossLimit(*numbers, condition.previous_losses)
        return StopCondition(condition.non_finite, loss, norms)
