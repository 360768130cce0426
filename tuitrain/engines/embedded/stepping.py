"""Taking steps: many in one native call where all they do has kernels, else one by one."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tuitrain.commands import Clip
from tuitrain_core import Parameter
from tuitrain_core.autodiff import GradManager
from tuitrain_core.data import DataLoader
from tuitrain_core.errors import CoreError
from tuitrain_core.module import Module
from tuitrain_core.native.library import Kernel
from tuitrain_core.optimizer import clip_grad_norm, clip_grad_value
from tuitrain_core.program import Program, Recording

from ..base import Array
from .coming import ComingUpdates
from .groups import GroupTable
from .pace import Pace, most_threads


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
        self._loader = loader
        self._table = table
        self._parameters = parameters
        self._recording = Recording(model, loader)
        self._pace = Pace(most_threads())
        self._program: Program | None = None

    def take(self, step: int, most: int) -> list[float]:
        """Take steps from ``step`` on: one burst of them, at least one and at most ``most``.

        Returns
        -------
        Their losses.

        Raises
        ------
        CoreError : the first of them cannot be taken; nothing was updated
        """
        recorded = self._recording.program()
        if recorded is not None and self.clip.by == "off":
            program, feed = recorded
            order, rows = self._batches(step, most)
            coming = ComingUpdates(program, self._table, self._parameters, self.trained)
            updates = coming.updates(step, len(order) // rows)
            if updates is not None:
                self._program, threads = program, self._pace.threads
                began = time.perf_counter()
                try:
                    losses = program.burst(feed, order, rows, updates, threads)
                except CoreError:
                    coming.undone()
                    raise
                self._pace.note(threads, len(losses), time.perf_counter() - began)
                coming.done(len(losses))
                return losses.tolist()
        loss = self.differentiate(step)
        self.update(step)
        return [loss]

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
        return self._recording.take(*self._loader.batch(step), gradients)

    def update(self, step: int) -> None:
        """Apply the updates that the gradients ask for."""
        self._clip_gradients()
        for group in self._table:
            group.set_lr(step)
        self._recording.update(group.optimizer for group in self._table)

    @property
    def recorded(self) -> bool:
        """Whether steps are recorded."""
        return self._recording.program() is not None

    @property
    def native(self) -> bool:
        """Whether they are taken without Python: all that they compute has kernels."""
        recorded = self._recording.program()
        return recorded is not None and recorded[0].native(self._trained())

    def kernels(self) -> list[Kernel]:
        """Return the native kernels that steps take, and every update rule's."""
        recorded = self._recording.program()
        if recorded is None:
            return []
        program, feed = recorded
        return program.kernels(feed, self._trained())

    def _trained(self) -> list[Parameter]:
        return [self._parameters[name] for name in self.trained]

    def _batches(self, step: int, most: int) -> tuple[Array, int]:
        """Return the samples of the steps to come, and how many each takes: all of one size."""
        epoch, position = divmod(step, len(self._loader))
        order, size = self._loader.order(epoch), self._loader.batch_size
        left = order[position * size :]
        if len(left) < size:
            return left, len(left)
        steps = min(most, self._pace.steps, len(left) // size)
        return left[: steps * size], size

    def _clip_gradients(self) -> None:
        """Clip the gradients of what is trained; the frozen have none."""
        if self.clip.by == "norm":
            clip_grad_norm(self._parameters.values(), self.clip.limit)
        elif self.clip.by == "value":
            clip_grad_value(self._parameters.values(), self.clip.limit)
