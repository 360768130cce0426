"""Sums, differences, products and quotients, with the ReLU that may follow a sum."""

from __future__ import annotations

import math

from ...native.elementwise import activation, arithmetic, movement
from ...native.linalg import linear
from ...native.runtime.library import Kernel
from ...ops.base import Array
from ...ops.elementwise import Add, Divide, Multiply, Subtract
from ...tensor import Parameter
from ..graph import Node, Value
from ..planning.memory import row_stride
from ..planning.plan import Plan

_KINDS = {Add: "add", Subtract: "subtract", Multiply: "multiply", Divide: "divide"}


class ArithmeticLayer:
    """a ∘ b, where b has a's shape, or is broadcast along the first axes or over pixels."""

    def __init__(self, node: Node, output: Value, relu: bool) -> None:
        self._a, self._b = _operands(node)
        self.output = output
        self._relu = relu
        self._kind = _KINDS[type(node.op)]  # type: ignore[index]
        self._period = _period(self._a, self._b)

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there is a kernel for this operation."""
        floats = all(value.dtype == "f4" for value in node.inputs)
        return type(node.op) in _KINDS and floats and _fits(node)

    def forward(self, plan: Plan) -> None:
        """Plan y = a ∘ b."""
        arrays = [plan.memory.value(value) for value in (self._a, self._b, self.output)]
        kernel = arithmetic.binary(self._kind, self._rows(*arrays), self._relu)
        plan.actions.call_per_sample(kernel, *arrays)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of a and b."""
        d = plan.memory.gradient(self.output)
        if self._relu:
            y = plan.memory.value(self.output)
            kernel = activation.relu_gradient(math.prod(self.output.shape), row_stride(y))
            plan.actions.call_per_sample(kernel, y, d)
        if plan.gradients.needs(self._a):
            self._gradient_of_a(plan, d)
        if plan.gradients.needs(self._b):
            self._gradient_of_b(plan, d)

    def _gradient_of_a(self, plan: Plan, d: Array) -> None:
        with plan.gradients.target(self._a) as target:
            if self._kind in ("add", "subtract"):
                plan.actions.call_per_sample(_copy(self._a, d, target), d, target)
            else:
                b = plan.memory.value(self._b)
                kernel = arithmetic.binary(self._kind, self._rows(d, b, target))
                plan.actions.call_per_sample(kernel, d, b, target)

    def _gradient_of_b(self, plan: Plan, d: Array) -> None:
        a = plan.memory.value(self._a)
        if self._b.batched:
            with plan.gradients.target(self._b) as target:
                kernel = self._partial_sum(d, a, row_stride(target))
                plan.actions.call_per_sample(kernel, d, a, target)
            return
        parts = plan.memory.scratch_per_sample((self, "parts"), (self._period,))
        plan.actions.call_per_sample(self._partial_sum(d, a, self._period), d, a, parts)
        with plan.gradients.target(self._b) as target:
            kernel = linear.bias_gradient(self._period, self._period)
            plan.actions.call(kernel, parts, target, plan.rows, total=self._period, granule=16)

    def _partial_sum(self, d: Array, a: Array, result_stride: int) -> Kernel:
        """Return the kernel for each row's part of the gradient of b."""
        repeat = math.prod(self._a.shape) // self._period
        rows = arithmetic.BroadcastShape(
            self._period, repeat, (row_stride(d), row_stride(a), result_stride)
        )
        return arithmetic.repeated_sum(self._kind, rows)

    def _rows(self, a: Array, b: Array, y: Array) -> arithmetic.BroadcastShape:
        repeat = math.prod(self._a.shape) // self._period
        strides = row_stride(a), row_stride(b) if self._b.batched else 0, row_stride(y)
        return arithmetic.BroadcastShape(self._period, repeat, strides)


def _copy(value: Value, source: Array, target: Array) -> Kernel:
    return movement.copy(math.prod(value.shape), row_stride(source), row_stride(target))


def _operands(node: Node) -> tuple[Value, Value]:
    """Return a and b; of a commutative operation, a is an operand of the result's shape."""
    a, b = node.inputs
    commutative = isinstance(node.op, Add | Multiply)
    return (b, a) if commutative and not (a.batched and a.shape == node.output.shape) else (a, b)


def _fits(node: Node) -> bool:
    a, b = _operands(node)
    if isinstance(node.op, Divide) and (b.tensor is None or isinstance(b.tensor, Parameter)):
        return False  # there is no kernel for the gradient of a divisor
    return (
        a.batched
        and a.shape == node.output.shape
        and a.channels_last == node.output.channels_last
        and _period(a, b) > 0
    )


def _period(a: Value, b: Value) -> int:
    """Return after how many floats b repeats within a row of a; 0 if it does not repeat."""
    if b.batched:
        same_shape = b.shape == a.shape and b.channels_last == a.channels_last
        return math.prod(a.shape) if same_shape else 0
    shape = b.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    if a.channels_last and shape:
        return shape[0] if shape == (a.shape[0], 1, 1) else 0
    return math.prod(shape) if shape == a.shape[len(a.shape) - len(shape) :] else 0
