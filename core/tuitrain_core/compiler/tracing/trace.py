"""Tracing: run a forward pass, capture its operations, and turn them into a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ... import tape
from ...errors import CoreError
from ...ops.base import Array, Op
from ...ops.dropout import Dropout
from ...ops.shape import Reshape
from ...tensor import Tensor
from ..graph import Graph, Node, Role, Value
from .guards import NotRecordableError, ReadGuard, RngGuard
from .layout import mark_images

Forward: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Maps images and labels to the loss."""


@dataclass(frozen=True, slots=True)
class TracedCall:
    """An operation of a captured forward pass."""

    op: Op
    inputs: tuple[Tensor, ...]
    output: Tensor


def trace(forward: Forward, images: Array, labels: Array, second_size: int = 0) -> Graph:
    """Return the graph of a forward pass.

    It runs twice, with the batch and with the batch's first samples. A value whose first axis
    differs is batched; a step that differs otherwise cannot be recorded. Operations compute only
    the shapes of their outputs, because loading the eager kernels was half of the time to the first
    step. So ``forward`` must not read values; a recorded step would not read them again. The caller
    must restore what the forward pass changes, such as running averages or a random generator.

    Parameters
    ----------
    forward : maps images and labels to the loss
    images, labels : a batch of at least two samples
    second_size : samples of the second run; default: half of the batch

    Raises
    ------
    NotRecordableError : the operations, or constants among their inputs, depend on the batch, on
        the values of tensors, or on random numbers other than a dropout's
    """
    second_size = second_size or len(images) // 2
    if second_size < 1:
        raise NotRecordableError("a step is recorded from a batch of at least two samples")
    whole, loss = capture(forward, images, labels)
    part, _ = capture(forward, images[:second_size], labels[:second_size])
    _check_same_ops([call.op for call in whole[1:]], [call.op for call in part[1:]])
    return _GraphBuilder(whole, part).build(loss)


def capture(forward: Forward, images: Array, labels: Array) -> tuple[list[TracedCall], Tensor]:
    """Run a forward pass, and return its operations and its loss.

    The first entry is the batch: its inputs are the images and the labels.

    Raises
    ------
    NotRecordableError : it reads values of tensors, or draws random numbers other than a dropout's
    """
    try:
        calls, loss = _capture(forward, images, labels)
    except NotRecordableError:
        raise
    except CoreError:
        # Values that are not computed may be to blame: row numbers of an embedding, for example.
        calls, loss = _capture(forward, images, labels, abstract=False)
    if loss.size != 1:
        raise NotRecordableError(f"the loss of a step is one number, but has shape {loss.shape}")
    return calls, loss


def _capture(
    forward: Forward, images: Array, labels: Array, abstract: bool = True
) -> tuple[list[TracedCall], Tensor]:
    batch = Tensor(images), Tensor(labels)
    calls = [TracedCall(Op(), batch, batch[0])]
    reads, rng = ReadGuard(), RngGuard()

    def on_op(op: Op, inputs: Sequence[Tensor], output: Tensor) -> None:
        calls.append(TracedCall(op, tuple(inputs), output))

    with tape.abstract_eval(abstract), tape.observe_reads(reads), tape.observe_ops(on_op):
        loss = forward(*batch)
    reads.check()
    rng.check(call.inputs[1].numpy() for call in calls if isinstance(call.op, Dropout))
    return calls, loss


def _check_same_ops(whole: Sequence[Op], part: Sequence[Op]) -> None:
    """Check that two batch sizes have the same operations."""
    for op, other in zip(whole, part, strict=False):
        # `x.reshape(len(x), -1)` has the batch size as an argument; the output's shape decides.
        if type(op) is not type(other) or (op != other and not isinstance(op, Reshape)):
            raise NotRecordableError(
                f"the operation {op.name} depends on the batch: {op} is {other} for another"
            )
    if len(whole) != len(part):
        raise NotRecordableError(
            f"the number of operations depends on the batch: {len(whole)} or {len(part)}"
        )


class _GraphBuilder:
    """Builds a graph from two captures of one forward pass, with batches of different size."""

    def __init__(self, whole: Sequence[TracedCall], part: Sequence[TracedCall]) -> None:
        self._calls = list(zip(whole, part, strict=True))
        self._values: dict[Tensor, Value] = {}
        (images, labels), (part_images, part_labels) = whole[0].inputs, part[0].inputs
        self._sizes = len(images), len(part_images)
        self._images = self._add_value(Role.IMAGES, images, part_images)
        self._labels = self._add_value(Role.LABELS, labels, part_labels)

    def build(self, loss: Tensor) -> Graph:
        """Return the graph."""
        nodes = tuple(self._build_node(call, other) for call, other in self._calls[1:])
        if loss not in self._values:
            raise NotRecordableError("the loss comes from none of the operations of the step")
        mark_images(nodes, self._images)
        return Graph(nodes, self._images, self._labels, self._values[loss])

    def _build_node(self, call: TracedCall, other: TracedCall) -> Node:
        pairs = enumerate(zip(call.inputs, other.inputs, strict=True))
        inputs = tuple(
            self._values.get(tensor) or self._add_leaf(call.op, place, tensor, other_tensor)
            for place, (tensor, other_tensor) in pairs
        )
        return Node(call.op, inputs, self._add_value(Role.RESULT, call.output, other.output))

    def _add_leaf(self, op: Op, place: int, tensor: Tensor, other: Tensor) -> Value:
        """Add an input that is not the output of an operation; ``other`` is that of the part."""
        if isinstance(op, Dropout) and place == 1:
            return self._add_value(Role.RANDOM, tensor, other)
        if tensor is not other and not np.array_equal(
            tensor.numpy(), other.numpy(), equal_nan=True
        ):
            raise NotRecordableError(
                f"an input of {op.name}, of shape {tensor.shape}, is made for every batch, "
                "outside of the operations that can be recorded"
            )
        leaf = Value(Role.LEAF, tensor.shape, False, tensor.dtype, tensor)
        return self._values.setdefault(tensor, leaf)

    def _add_value(self, role: Role, tensor: Tensor, other: Tensor) -> Value:
        """Add a value, which is batched if the part's has another shape."""
        size, part_size = self._sizes
        batched = tensor.shape != other.shape
        if batched and (tensor.shape[0], other.shape[0], tensor.shape[1:]) != (
            size,
            part_size,
            other.shape[1:],
        ):
            raise NotRecordableError(
                f"a value of shape {tensor.shape} has shape {other.shape} for {part_size} samples "
                f"instead of {size}; only the first axis may be the batch"
            )
        value = Value(role, tensor.shape[1:] if batched else tensor.shape, batched, tensor.dtype)
        self._values[tensor] = value
        return value
