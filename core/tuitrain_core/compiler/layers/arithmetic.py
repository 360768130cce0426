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
    """a ∘ b, where b may be of a's shape, or repeat along the first axes, or per channel."""

    def __init__(self, node: Node, output: Value, relu: bool) -> None:
        self._a, self._b = _operands(node)
        self.output = output
        self._relu = relu
        self._kind = _KINDS[type(node.op)]  # type: ignore[index]
        self._period = _period(self._a, self._b)

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether there is a kernel for this operation."""
        floats = all(each.dtype == "f4" for each in node.inputs)
        return type(node.op) in _KINDS and floats and _fits(node)

    def forward(self, plan: Plan) -> None:
        """Plan y = a ∘ b."""
        arrays = [plan.value(each) for each in (self._a, self._b, self.output)]
        kernel = arithmetic.binary(self._kind, self._rows(*arrays), self._relu)
        plan.each_sample(kernel, *arrays)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of a and b."""
        d = plan.gradient(self.output)
        if self._relu:
            y = plan.value(self.output)
            kernel = activation.relu_gradient(math.prod(self.output.shape), row_stride(y))
            plan.each_sample(kernel, y, d)
        if plan.needs(self._a):
            self._gradient_of_a(plan, d)
        if plan.needs(self._b):
            self._gradient_of_b(plan, d)

    def _gradient_of_a(self, plan: Plan, d: Array) -> None:
        with plan.into(self._a) as target:
            if self._kind in ("add", "subtract"):
                plan.each_sample(_copy(self._a, d, target), d, target)
            else:
                b = plan.value(self._b)
                kernel = arithmetic.binary(self._kind, self._rows(d, b, target))
                plan.each_sample(kernel, d, b, target)

    def _gradient_of_b(self, plan: Plan, d: Array) -> None:
        a = plan.value(self._a)
        if self._b.batched:
            with plan.into(self._b) as target:
                plan.each_sample(self._part(d, a, row_stride(target)), d, a, target)
            return
        parts = plan.scratch((self, "parts"), (plan.workspace.capacity, self._period))
        plan.each_sample(self._part(d, a, self._period), d, a, parts)
        with plan.into(self._b) as target:
            kernel = linear.bias_gradient(self._period, self._period)
            plan.call(kernel, parts, target, plan.rows, total=self._period, granule=16)

    def _part(self, d: Array, a: Array, result: int) -> Kernel:
        """Return the kernel for each row's part of the gradient of b."""
        repeat = math.prod(self._a.shape) // self._period
        rows = arithmetic.BroadcastShape(
            self._period, repeat, (row_stride(d), row_stride(a), result)
        )
        return arithmetic.repeated_sum(self._kind, rows)

    def _rows(self, a: Array, b: Array, y: Array) -> arithmetic.BroadcastShape:
        repeat = math.prod(self._a.shape) // self._period
        pitches = row_stride(a), row_stride(b) if self._b.batched else 0, row_stride(y)
        return arithmetic.BroadcastShape(self._period, repeat, pitches)


def _copy(value: Value, source: Array, target: Array) -> Kernel:
    return movement.copy(math.prod(value.shape), row_stride(source), row_stride(target))


def _operands(node: Node) -> tuple[Value, Value]:
    """Return a and b: where the order is free, first what is of the result's shape."""
    a, b = node.inputs
    free = isinstance(node.op, Add | Multiply)
    return (b, a) if free and not (a.batched and a.shape == node.output.shape) else (a, b)


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
    """Return after how many floats b repeats within a row of a; 0 if it does not so."""
    if b.batched:
        alike = b.shape == a.shape and b.channels_last == a.channels_last
        return math.prod(a.shape) if alike else 0
    shape = b.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    if a.channels_last and shape:
        return shape[0] if shape == (a.shape[0], 1, 1) else 0
    return math.prod(shape) if shape == a.shape[len(a.shape) - len(shape) :] else 0
