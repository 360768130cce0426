"""A linear layer, with the ReLU that may follow it."""

from __future__ import annotations

import math

from ...native.elementwise import activation, movement
from ...native.linalg import linear
from ...native.optim import rank1_update
from ...ops.base import Array
from ...ops.linear import Linear
from ..graph import Node, Value
from ..planning.call import Argument, ScratchRing
from ..planning.memory import row_stride
from ..planning.plan import BlockwiseGradient, Phase, Plan


class LinearLayer:
    """x @ weightᵀ + bias, and max(·, 0) if there is one."""

    def __init__(self, node: Node, output: Value, relu: bool) -> None:
        self._x, self._weight, *bias = node.inputs
        self._bias = bias[0] if bias else None
        self.output = output
        self._relu = relu

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether there are kernels for this operation."""
        if not isinstance(node.op, Linear):
            return False
        x, weight, *_ = node.inputs
        return (
            x.batched
            and weight.tensor is not None
            and all(each.dtype == "f4" for each in node.inputs)
            and len(x.shape) in (1, 2)
        )

    def forward(self, plan: Plan) -> None:
        """Plan y = relu(x @ weightᵀ + bias)."""
        x, y = self._rows(plan.value(self._x)), self._rows(plan.value(self.output))
        weight = plan.value(self._weight)
        outputs, inputs = weight.shape
        bias, biased = plan.value(self._bias) if self._bias else 0, self._bias is not None
        owed = plan.owed.get(self._weight)
        if owed is None:
            kernel = linear.forward(
                inputs, outputs, row_stride(x), row_stride(y), self._relu, biased
            )
            given: list[Argument] = [x, weight, bias, y, len(x)]
        else:
            kernel = rank1_update.update_and_forward(owed.rule, inputs, self._relu, biased)
            before = self._rows(plan.gradient(self.output)), self._kept(plan, x)
            given = [weight, *owed.slots, owed.scalars, *before, x, bias, y]
        plan.call(kernel, *given, total=outputs, granule=16)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of weight, bias and x."""
        d = self._rows(plan.gradient(self.output))
        if self._relu:
            y = self._rows(plan.value(self.output))
            kernel = activation.relu_gradient(y.shape[1], row_stride(y))
            plan.call(kernel, y, d, total=len(d))
        planned = self._parameters(plan, d)
        if plan.needs(self._x):
            weight = plan.value(self._weight)
            outputs, inputs = weight.shape
            with plan.into(self._x) as target:
                dx = self._rows(target)
                kernel = linear.input_gradient(
                    inputs, outputs, row_stride(d), row_stride(dx), False
                )
                given = d, weight, dx, 0, len(d)
                plan.call(kernel, *given, total=inputs, granule=16, waits=not planned)

    def _parameters(self, plan: Plan, d: Array) -> bool:
        """Plan the gradients of weight and bias; return whether there is anything to do."""
        x = self._rows(plan.value(self._x))
        stored = plan.needs(self._weight) and not self._put_off(plan, d, x)
        if stored:
            with plan.into(self._weight) as target:
                kernel = linear.weight_gradient(
                    x.shape[1], d.shape[1], row_stride(d), row_stride(x)
                )
                plan.call(kernel, d, x, target, len(d), total=d.shape[1], granule=16)
        biased = self._bias is not None and plan.needs(self._bias)
        if self._bias is not None and biased:
            with plan.into(self._bias) as target:
                kernel = linear.bias_gradient(d.shape[1], row_stride(d))
                given = d, target, len(d)
                plan.call(kernel, *given, total=d.shape[1], granule=16, waits=not stored)
        return stored or biased

    def _put_off(self, plan: Plan, d: Array, x: Array) -> bool:
        """Leave the weight's gradient to its update, or even to the next step, if that can be."""
        if len(x) == 1 and plan.carry_over(self._weight):
            kernel, kept = (
                movement.copy(x.shape[1], row_stride(x), x.shape[1]),
                self._kept(plan, x),
            )
            plan.call(kernel, x, kept, total=1, phase=Phase.WEIGHT_GRAD, waits=False)
            return True
        return plan.put_off(self._weight, self._blocks(plan, d, x))

    def _kept(self, plan: Plan, x: Array) -> Array:
        """Return the memory in which a step leaves its input to the next one."""
        return plan.scratch((self._weight, "input before"), x.shape)

    @staticmethod
    def _blocks(plan: Plan, d: Array, x: Array) -> BlockwiseGradient:
        inputs, outputs, pitches = x.shape[1], d.shape[1], (row_stride(d), row_stride(x))

        def blocks(rows: int, target: ScratchRing, total: int) -> None:
            kernel = linear.weight_gradient_blocks(inputs, outputs, rows, *pitches)
            plan.each_block(kernel, d, x, target, len(d), total=total)

        return blocks

    @staticmethod
    def _rows(array: Array) -> Array:
        """Return (..., features) as rows; what has one axis more lies without gaps."""
        if array.ndim == 2:
            return array
        return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])
