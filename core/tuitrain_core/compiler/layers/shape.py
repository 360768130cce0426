"""Reshaping and transposing: an alias where the order in memory fits, else a copy."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...native.elementwise import movement
from ...ops.base import Array
from ...ops.shape import Flatten, Reshape, Transpose
from ..graph import Graph, Node, Value
from ..planning.memory import memory_shape, padded_stride, row_stride
from ..planning.plan import Plan


def _is_reshape(node: Node) -> bool:
    (x, *_), y = node.inputs, node.output
    return isinstance(node.op, Flatten | Reshape) and x.batched and y.batched


def has_rows(value: Value) -> bool:
    """Return whether a value is float32 rows: batched, with a last axis, and no image."""
    return value.batched and not value.channels_last and value.dtype == "f4" and bool(value.shape)


def is_in_public_order(value: Value) -> bool:
    """Return whether the elements lie in memory in the order of the public shape."""
    return not value.channels_last or 1 in (value.shape[0], math.prod(value.shape[1:]))


class AliasLayer:
    """A reshape that shares the input's memory."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node, graph: Graph) -> bool:
        """Return whether input and output have their elements in one order, without gaps."""
        if not (_is_reshape(node) and is_in_public_order(node.output)):
            return False
        (x,) = node.inputs
        if not is_in_public_order(x):
            return False
        if x.dtype != "f4":
            return True  # has no gaps, and no gradient that other operations add to
        dense = len(x.shape) != 1 or padded_stride(*x.shape) == x.shape[0]
        return dense and graph.consumers(x) == [node]

    def forward(self, plan: Plan) -> None:
        """Share the memory of the input and its gradient with the output and its gradient."""
        plan.memory.workspace.alias(self.output, self._x)

    def backward(self, plan: Plan) -> None:
        """Mark the gradient of the input as written."""
        with plan.gradients.target(self._x):
            pass


class ReshapeLayer:
    """A reshape that copies: pixels of an image to planes of channels, back, or in order."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether at most one side is an image of several channels and pixels."""
        floats = node.inputs[0].dtype == "f4"
        return (
            floats
            and _is_reshape(node)
            and (is_in_public_order(node.inputs[0]) or is_in_public_order(node.output))
        )

    def forward(self, plan: Plan) -> None:
        """Plan the copy."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        self._copy(plan, self._x, self.output, x, y)

    def backward(self, plan: Plan) -> None:
        """Plan the copy of the gradient."""
        with plan.gradients.target(self._x) as target:
            self._copy(plan, self.output, self._x, plan.memory.gradient(self.output), target)

    @staticmethod
    def _copy(plan: Plan, source: Value, target: Value, x: Array, y: Array) -> None:
        if not is_in_public_order(source):
            kernel = movement.to_planar(math.prod(source.shape[1:]), source.shape[0], row_stride(y))
        elif not is_in_public_order(target):
            kernel = movement.from_planar(
                math.prod(target.shape[1:]), target.shape[0], row_stride(x)
            )
        else:
            kernel = movement.copy(math.prod(source.shape), row_stride(x), row_stride(y))
        plan.actions.call_per_sample(kernel, x, y)


class TransposeLayer:
    """Another order of the axes after the batch axis."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        assert isinstance(node.op, Transpose)
        order = [axis % (len(self._x.shape) + 1) - 1 for axis in node.op.order[1:]]
        # In memory an image's axes are row, column, channel.
        self._order = [(axis - 1) % 3 for axis in order] if self._x.channels_last else order

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether the batch axis stays in front, and the result is not an image."""
        if not isinstance(node.op, Transpose):
            return False
        (x,), y = node.inputs, node.output
        return x.batched and x.dtype == "f4" and not y.channels_last and node.op.order[0] == 0

    def forward(self, plan: Plan) -> None:
        """Plan the copy."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        self._copy(plan, memory_shape(self._x), self._order, x, y)

    def backward(self, plan: Plan) -> None:
        """Plan the copy of the gradient."""
        inverse = [self._order.index(axis) for axis in range(len(self._order))]
        with plan.gradients.target(self._x) as target:
            d = plan.memory.gradient(self.output)
            self._copy(plan, self.output.shape, inverse, d, target)

    @staticmethod
    def _copy(plan: Plan, sizes: Sequence[int], order: Sequence[int], x: Array, y: Array) -> None:
        kernel = movement.transpose(sizes, order, row_stride(x), row_stride(y))
        plan.actions.call_per_sample(kernel, x, y)
