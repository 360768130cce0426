"""Another shape, or another order of the axes: nothing is done where the elements lie right."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...native.elementwise import movement
from ...ops.shape import Flatten, Reshape, Transpose
from ..graph import Graph, Node, Value
from ..planning.memory import memory_shape, padded_stride, row_stride
from ..planning.plan import Plan


def _is_reshape(node: Node) -> bool:
    (x, *_), y = node.inputs, node.output
    return isinstance(node.op, Flatten | Reshape) and x.batched and y.batched


def is_in_named_order(value: Value) -> bool:
    """Say whether the elements lie in the order in which they are named."""
    return not value.channels_last or 1 in (value.shape[0], math.prod(value.shape[1:]))


class AliasLayer:
    """Another shape of memory that lies as it should already."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node, graph: Graph) -> bool:
        """Say whether input and output have their elements in one order, without gaps."""
        if not (
            _is_reshape(node)
            and is_in_named_order(node.inputs[0])
            and is_in_named_order(node.output)
        ):
            return False
        (x,) = node.inputs
        if x.dtype != "f4":
            return True  # lies without gaps, and has no gradient that others add to
        dense = len(x.shape) != 1 or padded_stride(*x.shape) == x.shape[0]
        return dense and graph.consumers(x) == [node]

    def forward(self, plan: Plan) -> None:
        """Let the output have the input's memory, and its gradient the input's gradient's."""
        plan.workspace.alias(self.output, self._x)

    def backward(self, plan: Plan) -> None:
        """Say that the gradient of the input is there."""
        with plan.into(self._x):
            pass


class ReshapeLayer:
    """The same elements, copied: from an image's pixels to planes, the other way, or in order."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether at most one side is an image of several channels and pixels."""
        floats = node.inputs[0].dtype == "f4"
        return (
            floats
            and _is_reshape(node)
            and (is_in_named_order(node.inputs[0]) or is_in_named_order(node.output))
        )

    def forward(self, plan: Plan) -> None:
        """Plan the copy."""
        self._copy(plan, self._x, self.output, (plan.value(self._x), plan.value(self.output)))

    def backward(self, plan: Plan) -> None:
        """Plan the way back."""
        with plan.into(self._x) as target:
            self._copy(plan, self.output, self._x, (plan.gradient(self.output), target))

    @staticmethod
    def _copy(plan: Plan, source: Value, target: Value, arrays: tuple) -> None:  # type: ignore[type-arg]
        x, y = arrays
        if not is_in_named_order(source):
            kernel = movement.to_planar(math.prod(source.shape[1:]), source.shape[0], row_stride(y))
        elif not is_in_named_order(target):
            kernel = movement.from_planar(
                math.prod(target.shape[1:]), target.shape[0], row_stride(x)
            )
        else:
            kernel = movement.copy(math.prod(source.shape), row_stride(x), row_stride(y))
        plan.each_sample(kernel, x, y)


class TransposeLayer:
    """The axes behind the batch's in another order."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        assert isinstance(node.op, Transpose)
        order = [each % (len(self._x.shape) + 1) - 1 for each in node.op.order[1:]]
        # In memory an image's axes are row, column, channel.
        self._order = [(axis - 1) % 3 for axis in order] if self._x.channels_last else order

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether the batch stays in front, and the result is no image."""
        if not isinstance(node.op, Transpose):
            return False
        (x,), y = node.inputs, node.output
        return x.batched and x.dtype == "f4" and not y.channels_last and node.op.order[0] == 0

    def forward(self, plan: Plan) -> None:
        """Plan the copy."""
        sizes = memory_shape(self._x)
        self._copy(plan, sizes, self._order, plan.value(self._x), plan.value(self.output))

    def backward(self, plan: Plan) -> None:
        """Plan the way back."""
        back = [self._order.index(axis) for axis in range(len(self._order))]
        with plan.into(self._x) as target:
            self._copy(plan, self.output.shape, back, plan.gradient(self.output), target)

    @staticmethod
    def _copy(plan: Plan, sizes: Sequence[int], order: Sequence[int], x, y) -> None:
        kernel = movement.transpose(sizes, order, row_stride(x), row_stride(y))
        plan.each_sample(kernel, x, y)
