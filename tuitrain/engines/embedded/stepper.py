"""Taking steps: many in one native call where all they do has kernels, else one by one."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tuitrain.commands import Clip
from tuitrain_core import Parameter, tensor
from tuitrain_core.autodiff import GradManager
from tuitrain_core.compiler import Clipping, LossLimit, Program, Recording, StopCondition
from tuitrain_core.data import DataLoader
from tuitrain_core.errors import CoreError
from tuitrain_core.module import Module
from tuitrain_core.native.runtime.library import Kernel

from ..pending_step import HoldCondition
from ..state import Array
from ..threads import max_threads
from .autotuner import Autotuner
from .dead_units import find_dead_units, find_recorded_dead_units
from .groups import GroupTable
from .pending_updates import PendingUpdates


class Stepper:
    """Takes the steps of a model's training.

    Parameters
    ----------
    model, loader : what is trained, and on what
    table : the groups, with their optimizers and schedules
    parameters : every parameter by name

    Attributes
    ----------
    trained : the names of the parameters that are not frozen
    clip : how gradients are clipped
    recording : the recorded step
    """

    def __init__(
        self,
        model: Module,
        loader: DataLoader,
        table: GroupTable,
        parameters: Mapping[str, Parameter],
    ) -> None:
        self.trained: tuple[str, ...] = tuple(parameters)
        self.clip = Clip("off")
        self._model = model
        self._loader = loader
        self._table = table
        self._parameters = parameters
        self.recording = Recording(model, loader)
        self._autotuner = Autotuner(max_threads())
        self._program: Program | None = None
        self._pending: PendingUpdates | None = None

    def invalidate_plans(self) -> None:
        """Discard plans after a change of groups, optimizers, states or trained parameters."""
        self._pending = None
        self._autotuner.invalidate()

    def take_burst(
        self, step: int, max_steps: int, hold_condition: HoldCondition | None = None
    ) -> list[float]:
        """Take steps from ``step`` on: one burst of them, at least one and at most ``most``.

        Parameters
        ----------
        watch : what ends the burst before the step in which it is so, as if that had not been begun

        Returns
        -------
        Their losses. With a watch there may be none: then the first step is one to be asked about.

        Raises
        ------
        CoreError : the first of them cannot be taken; nothing was updated
        """
        recorded = self.recording.program()
        if recorded is not None:
            program, feed = recorded
            order, rows = self._batches(step, max_steps)
            pending = self._pending_updates(program)
            updates = pending.lay_out(step, len(order) // rows)
            if updates is not None:
                self._program, threads = program, self._autotuner.threads
                began = time.perf_counter()
                besides = self._clipping(), hold_condition and self._stop_condition(hold_condition)
                try:
                    with self.recording.preserve_frozen_buffers():
                        losses = program.run_burst(feed, order, rows, updates, threads, *besides)
                except CoreError:
                    pending.cancel()
                    raise
                if not len(losses):
                    pending.cancel()
                    return []
                self._autotuner.record_burst(threads, len(losses), time.perf_counter() - began)
                pending.commit(len(losses))
                return losses.tolist()
        if hold_condition is not None:
            return []
        loss = self.differentiate(step)
        self.update(step)
        return [loss]

    def _pending_updates(self, program: Program) -> PendingUpdates:
        if self._pending is None or self._pending.program is not program:
            table, parameters = self._table, self._parameters
            self._pending = PendingUpdates(program, table, parameters, self.trained)
        return self._pending

    def interrupt(self) -> None:
        """End the burst that is under way at the next step boundary; from any thread."""
        program = self._program
        if program is not None:
            program.interrupt()

    def differentiate(self, step: int) -> float:
        """Compute loss and gradients of a step's batch, and return the loss."""
        for parameter in self._parameters.values():
            parameter.grad = None
        gradients = GradManager().attach(self._trained())
        return self.recording.take(*self._loader.batch(step), gradients)

    def update(self, step: int) -> None:
        """Apply the updates that the gradients ask for."""
        for group in self._table:
            group.set_lr(step)
        optimizers = [group.optimizer for group in self._table]
        self.recording.update(optimizers, self._clipping())

    def find_dead_units(self, step: int) -> Mapping[str, Array]:
        """Say which units of each layer are dead in a step's batch; moves what a pass moves."""
        images, labels = self._loader.batch(step)
        program = self.recording.run_unfused(images, labels)
        if program is not None:
            return find_recorded_dead_units(program, len(labels), self._parameters)
        return find_dead_units(lambda: self._model(tensor(images)), self._parameters)

    @property
    def threads(self) -> int:
        """The number of threads that work is shared among at the moment."""
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
        """Whether they are taken without Python: all that they compute has kernels."""
        recorded = self.recording.program()
        return recorded is not None and recorded[0].is_native(self._trained())

    def kernels(self) -> list[Kernel]:
        """Return the native kernels that steps take, and every update rule's."""
        recorded = self.recording.program()
        if recorded is None:
            return []
        program, feed = recorded
        return program.kernels(feed, self._trained())

    def _trained(self) -> list[Parameter]:
        return [self._parameters[name] for name in self.trained]

    def _batches(self, step: int, max_steps: int) -> tuple[Array, int]:
        """Return the samples of the steps to come, and how many each takes: all of one size."""
        epoch, position = divmod(step, len(self._loader))
        order, size = self._loader.epoch_order(epoch), self._loader.batch_size
        left = order[position * size :]
        if len(left) < size:
            return left, len(left)
        steps = min(max_steps, self._autotuner.steps, len(left) // size)
        return left[: steps * size], size

    def _clipping(self) -> Clipping | None:
        """Return how gradients are clipped; frozen parameters have none."""
        by, limit = self.clip.by, self.clip.limit
        return None if by == "off" else Clipping(by, limit, tuple(self._parameters.values()))

    def _stop_condition(self, watch: HoldCondition) -> StopCondition | None:
        """Return the condition by parameters; None if no step can meet it."""
        if not watch.is_active:
            return None
        norms: list[tuple[list[Parameter], float]] = []
        for name, limit in watch.grad_norms.items():
            group = self._table.get(name)
            members = group.members if group else ()
            norms.append(([self._parameters[item] for item in members], limit))
        loss = None
        if watch.loss_factor is not None:
            numbers = watch.loss_factor, watch.average_window, watch.min_finite_losses
            loss = LossLimit(*numbers, watch.previous_losses)
        return StopCondition(watch.non_finite, loss, norms)
