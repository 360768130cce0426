"""The step as a program: recorded when first needed, and again when it computes other things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from .. import functional, random
from ..autodiff import GradManager
from ..data import DataLoader
from ..errors import CoreError, ShapeError
from ..module import BatchNorm1d, BatchNorm2d, Module
from ..ops.base import Array
from ..optimizer import Optimizer
from ..tensor import Parameter, Tensor, tensor
from .graph import Graph
from .optimizer_step import step_natively
from .planning.batch_source import BatchSource, check_labels
from .planning.clipping import Clipping
from .program import Program
from .trace import capture, trace
from .tracing.trace_guards import AttributeGuard, NotRecordableError


class Recording:
    """The recorded step of a model.

    Parameters
    ----------
    model : maps images to logits; which of its norm layers are frozen may change at any time
    loader : gives the batches
    training : whether the model learns in it, or is only looked at

    Attributes
    ----------
    problem : why the step cannot be recorded, so that it is taken eagerly; else ""
    """

    def __init__(self, model: Module, loader: DataLoader, training: bool = True) -> None:
        self._model = model
        self._training = training
        self._loader = loader
        self._recorded: dict[tuple[bool, ...], tuple[Program, BatchSource]] = {}
        self._seen_through: dict[Graph, Program] = {}
        self._buffered = [
            module
            for module in model.modules()
            if isinstance(module, BatchNorm1d | BatchNorm2d)
            or next(module.named_buffers(recursive=False), None) is not None
        ]
        self.problem = ""

    def program(self) -> tuple[Program, BatchSource] | None:
        """Return the step as it is now, and its batches; None if it cannot be recorded."""
        if self.problem:
            return None
        frozen = tuple(map(_is_frozen, self._buffered))
        found = self._recorded.get(frozen)
        if found is None:
            try:
                found = self._recorded[frozen] = self._record()
            except NotRecordableError as problem:
                self.problem = str(problem)
        return found

    @contextmanager
    def preserve_frozen_buffers(self) -> Iterator[None]:
        """Let the buffers of frozen modules be afterwards what they were before.

        A module is frozen by an attribute ``frozen`` that is True. Norm layers of this library then
        leave their running statistics alone; what others write to theirs is put back.
        """
        others = [
            each for each in self._buffered if not isinstance(each, BatchNorm1d | BatchNorm2d)
        ]
        kept = [_kept_buffers(each) for each in others if _is_frozen(each)]
        try:
            yield
        finally:
            for module, attributes, arrays in kept:
                vars(module).update(attributes)
                for array, before in arrays:
                    array[...] = before

    def batch_logits(self, index: int, threads: int = 1) -> tuple[Array, Array] | None:
        """Compute the logits of a batch, and return them and its labels; None if unrecorded.

        So many threads share the work; the bits are the same for any number.
        """
        recorded = self.program()
        if recorded is None:
            return None
        program, _ = recorded
        rows = len(self._loader.batch_indices(index))
        labels = program.labels(rows)
        self._loader.fill(index, program.images(rows), labels)
        program.differentiate(rows, [], threads)
        return program.logits(rows), labels

    def run_unfused(self, images: Array, labels: Array) -> Program | None:
        """Run a batch forward, as `take` does, so that what each ReLU makes can be looked at.

        What a forward pass moves, moves.

        Returns
        -------
        The program that has run it; None if the step cannot be recorded.
        """
        recorded = self.program()
        if recorded is None:
            return None
        graph = recorded[0].graph
        program = self._seen_through.get(graph)
        if program is None:
            program = Program(graph, self._capacity, fuse_pool=False)
            self._seen_through[graph] = program
        _forward(program, images, labels)
        return program

    def compute_logits(self, images: Array, labels: Array) -> Array | None:
        """Compute the logits of a batch that the loader has not given; None if unrecorded.

        Parameters
        ----------
        images, labels : as the loader gives them, of no more samples than it gives

        Returns
        -------
        The program's own memory, until it computes something else.
        """
        recorded = self.program()
        if recorded is None:
            return None
        _forward(recorded[0], images, labels)
        return recorded[0].logits(len(labels))

    def take(self, images: Array, labels: Array, gm: GradManager) -> float:
        """Compute loss and gradients of a batch: recorded, or eagerly if that cannot be.

        What is recorded is one fused computation, and so rounds otherwise than the same step taken
        operation by operation.

        Parameters
        ----------
        images, labels : a batch, as the loader gives them, of no more samples than it gives
        gm : whose attached parameters get their gradients, in place of those that they have

        Returns
        -------
        The loss.

        Raises
        ------
        CoreError : more samples than that or none, other shapes, or a label without a class
        """
        recorded = self.program()
        with self.preserve_frozen_buffers():
            if recorded is None:
                for each in gm.attached_tensors():
                    each.grad = None
                with gm:
                    loss = self._loss(tensor(images), tensor(labels))
                    gm.backward(loss)
                return float(loss.item())
            program = recorded[0]
            rows = _place(program, images, labels)
            attached = [each for each in gm.attached_tensors() if isinstance(each, Parameter)]
            return program.differentiate(rows, attached)

    def update(self, optimizers: Iterable[Optimizer], clip: Clipping | None = None) -> None:
        """Take the optimizers' steps with the gradients of `take`, recorded where that can be.

        Gradients that were changed meanwhile, as by `optimizer.clip_grad_norm`, are updated by the
        same kernels, to the same bits as with ``clip``. Where a rule has no native kernel, or a
        gradient was set that the loss does not have, each optimizer takes its own ``step``.

        Parameters
        ----------
        optimizers : each takes one step
        clip : how gradients are cut down before

        Raises
        ------
        CoreError : a hyper-parameter is not allowed; nothing was updated
        """
        given, recorded = list(optimizers), self.program()
        if recorded is None or not step_natively(recorded[0], given, clip):
            if clip:
                clip.apply()
            for optimizer in given:
                optimizer.step()

    def _record(self) -> tuple[Program, BatchSource]:
        """Trace the step on its first batch, and put back what that has moved."""
        buffers = [(each.numpy(), each.numpy().copy()) for each in self._model.buffers()]
        drawn = random.get_state()
        self._model.train(self._training)
        try:
            graph = self._trace()
        finally:
            self._model.train()
            for array, before in buffers:
                array[...] = before
            random.set_state(drawn)
        return Program(graph, self._capacity), BatchSource(self._loader, graph)

    @property
    def _capacity(self) -> int:
        """Samples in the largest batch; one that is looked at may be of another data set."""
        size = self._loader.batch_size
        return min(size, len(self._loader.dataset)) if self._training else size

    def _trace(self) -> Graph:
        """Write down a step with the sizes that batches have: a whole one's, and the last one's.

        Raises
        ------
        NotRecordableError : it is not the same in every step
        """
        images, labels = self._samples()
        whole, last = self._batch_sizes()
        fewer = last if 1 < last < len(images) else max(2, len(images) // 2)
        before = AttributeGuard(self._model)
        try:
            graph = trace(self._loss, images, labels, fewer)
            if 1 in (whole, last):
                self._demand_the_same_of_one(images, labels)
            self._demand_settled(images[:fewer], labels[:fewer])
        except NotRecordableError:
            before.restore()
            raise
        return graph

    def _demand_settled(self, images: Array, labels: Array) -> None:
        """Demand that another forward pass like the last one changes nothing of the model."""
        before = AttributeGuard(self._model)
        capture(self._loss, images, labels)
        changed = AttributeGuard(self._model).changed_since(before)
        if changed:
            raise NotRecordableError(
                f"the forward pass changes {changed[0]} of the model, and a recorded step would not"
            )

    def _demand_the_same_of_one(self, images: Array, labels: Array) -> None:
        """Demand that a batch of one sample, where there is one, takes the same step.

        A norm layer of rows refuses it; then the step of that batch does so in its turn, in the
        same words.
        """
        try:
            trace(self._loss, images, labels, 1)
        except NotRecordableError:
            raise
        except CoreError:
            return

    def _batch_sizes(self) -> tuple[int, int]:
        """Return the samples in the first batch of an epoch, and in its last one."""
        return len(self._loader.batch_indices(0)), len(
            self._loader.batch_indices(len(self._loader) - 1)
        )

    def _samples(self) -> tuple[Array, Array]:
        """Return the first batch; one of fewer than three samples is repeated, to make four.

        What is batched shows in two batches of different size, and a norm layer of rows needs two
        samples in each.
        """
        images, labels = self._loader.batch(0)
        times = {1: 4, 2: 2}.get(len(images), 1)
        return np.concatenate([images] * times), np.concatenate([labels] * times)

    def _loss(self, images: Tensor, labels: Tensor) -> Tensor:
        return functional.loss.cross_entropy(self._model(images), labels)


def _is_frozen(module: Module) -> bool:
    """Return whether a module's buffers hold still; a user's ``frozen`` may be something else."""
    return getattr(module, "frozen", False) is True


def _kept_buffers(module: Module) -> tuple[Module, dict[str, Tensor], list[tuple[Array, Array]]]:
    """Return a module, the tensors that are its buffers, and their memory with a copy of it."""
    tensors = [each for _, each in module.named_buffers(recursive=False)]
    attributes = {
        key: value for key, value in vars(module).items() if any(value is each for each in tensors)
    }
    return module, attributes, [(each.numpy(), each.numpy().copy()) for each in tensors]


def _forward(program: Program, images: Array, labels: Array) -> None:
    """Run a batch forward, without gradients."""
    program.differentiate(_place(program, images, labels), [])


def _place(program: Program, images: Array, labels: Array) -> int:
    """Write a batch to a program's memory, and return how many samples it has.

    Raises
    ------
    CoreError : it is none that the step is for
    """
    rows, most = len(images), program.capacity
    if not 1 <= rows <= most:
        raise CoreError(f"a recorded step is for 1 to {most} samples, but was given {rows}")
    shape = (rows, *program.graph.images.shape)
    if images.shape != shape or labels.shape != (rows,):
        raise ShapeError(
            f"a recorded step of {rows} samples takes images {shape} and labels {(rows,)}, but was "
            f"given {images.shape} and {labels.shape}"
        )
    if labels.dtype.kind not in "iu":
        raise CoreError(f"labels are whole numbers, but are {labels.dtype}")
    check_labels(labels, program.graph)
    program.images(rows)[...] = images
    program.labels(rows)[...] = labels
    return rows
