"""Tracing: run a step's forward pass, listen to its operations, and write them down as a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .. import tape
from ..errors import CoreError
from ..ops.base import Array, Op
from ..ops.dropout import Dropout
from ..ops.shape import Reshape
from ..tensor import Tensor
from .graph import Graph, Node, Role, Value
from .tracing.layout import mark_images
from .tracing.trace_guards import NotRecordableError, ReadGuard, RngGuard

Forward: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Maps images and labels to the loss."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One operation as it was heard."""

    op: Op
    inputs: tuple[Tensor, ...]
    output: Tensor


def trace(forward: Forward, images: Array, labels: Array, second_size: int = 0) -> Graph:
    """Write down what ``forward`` does with a batch.

    It is run twice, with the batch and with the first samples of it: what differs in its first axis
    is batched, and what differs otherwise cannot be recorded. Operations only outline what they put
    out, since eager kernels would have to be loaded for it: that was half of the time to the first
    step. So ``forward`` may not look at values; what it makes of them would be another thing in
    every step anyway. Whatever it changes on its way, such as running averages or a random
    generator, is the caller's to put back.

    Parameters
    ----------
    forward : maps images and labels to the loss
    images, labels : a batch of at least two
    fewer : samples that it is run with the second time; default: half of them

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
    _demand_alike([each.op for each in whole[1:]], [each.op for each in part[1:]])
    return _Writer(whole, part).graph(loss)


def capture(forward: Forward, images: Array, labels: Array) -> tuple[list[_Heard], Tensor]:
    """Run it, and return what was heard; in front, the batch as the output of nothing.

    Raises
    ------
    NotRecordableError : it looks at values of tensors, or draws random numbers but for dropout
    """
    try:
        heard, loss = _hear(forward, images, labels)
    except NotRecordableError:
        raise
    except CoreError:
        # It may be the outlines' fault: as row numbers of an embedding they can be out of range.
        heard, loss = _hear(forward, images, labels, outlines=False)
    if loss.size != 1:
        raise NotRecordableError(f"the loss of a step is one number, but has shape {loss.shape}")
    return heard, loss


def _hear(
    forward: Forward, images: Array, labels: Array, outlines: bool = True
) -> tuple[list[_Heard], Tensor]:
    given = Tensor(images), Tensor(labels)
    heard = [_Heard(Op(), given, given[0])]
    looks, draws = ReadGuard(), RngGuard()
    with (
        tape.abstract_eval(outlines),
        tape.observe_reads(looks),
        tape.observe_ops(
            lambda op, inputs, output: heard.append(_Heard(op, tuple(inputs), output))
        ),
    ):
        loss = forward(*given)
    looks.check()
    draws.check(each.inputs[1].numpy() for each in heard if isinstance(each.op, Dropout))
    return heard, loss


def _demand_alike(whole: Sequence[Op], part: Sequence[Op]) -> None:
    for ours, theirs in zip(whole, part, strict=False):
        # `x.reshape(len(x), -1)` names the size of the batch; the shape that came out says it all.
        if type(ours) is not type(theirs) or (ours != theirs and not isinstance(ours, Reshape)):
            raise NotRecordableError(
                f"the operation {ours.name} depends on the batch: {ours} is {theirs} for another"
            )
    if len(whole) != len(part):
        raise NotRecordableError(
            f"the number of operations depends on the batch: {len(whole)} or {len(part)}"
        )


class _Writer:
    """Turns two hearings of one forward pass into a graph."""

    def __init__(self, whole: Sequence[_Heard], part: Sequence[_Heard]) -> None:
        self._heard = list(zip(whole, part, strict=True))
        self._values: dict[int, Value] = {}
        (images, labels), (fewer, _) = whole[0].inputs, part[0].inputs
        self._sizes = len(images), len(fewer)
        self._images = self._add(Role.IMAGES, images, fewer)
        self._labels = self._add(Role.LABELS, labels, part[0].inputs[1])

    def graph(self, loss: Tensor) -> Graph:
        nodes = tuple(self._node(ours, theirs) for ours, theirs in self._heard[1:])
        if id(loss) not in self._values:
            raise NotRecordableError("the loss comes from none of the operations of the step")
        mark_images(nodes, self._images)
        return Graph(nodes, self._images, self._labels, self._values[id(loss)])

    def _node(self, ours: _Heard, theirs: _Heard) -> Node:
        inputs = tuple(
            self._values.get(id(mine)) or self._leaf(ours.op, place, mine, other)
            for place, (mine, other) in enumerate(zip(ours.inputs, theirs.inputs, strict=True))
        )
        return Node(ours.op, inputs, self._add(Role.RESULT, ours.output, theirs.output))

    def _leaf(self, op: Op, place: int, mine: Tensor, other: Tensor) -> Value:
        """Take up a tensor that no operation has made."""
        if isinstance(op, Dropout) and place == 1:
            return self._add(Role.RANDOM, mine, other)
        if mine is not other and not np.array_equal(mine.numpy(), other.numpy(), equal_nan=True):
            raise NotRecordableError(
                f"an input of {op.name}, of shape {mine.shape}, is made anew for every batch, "
                "outside of the operations that can be recorded"
            )
        return self._values.setdefault(
            id(mine), Value(Role.LEAF, mine.shape, False, mine.dtype, mine)
        )

    def _add(self, role: Role, mine: Tensor, other: Tensor) -> Value:
        large, small = self._sizes
        batched = mine.shape != other.shape
        if batched and (mine.shape[0], other.shape[0], mine.shape[1:]) != (
            large,
            small,
            other.shape[1:],
        ):
            raise NotRecordableError(
                f"a value of shape {mine.shape} has shape {other.shape} for {small} samples "
                f"instead of {large}; only the first axis may be the batch"
            )
        value = Value(role, mine.shape[1:] if batched else mine.shape, batched, mine.dtype)
        self._values[id(mine)] = value
        return value
