"""A linear layer, with the ReLU that may follow it."""

from __future__ import annotations

from ...native.elementwise import activation, movement
from ...native.linalg import linear
from ...native.optim import rank1_update
from ...ops.base import Array
from ...ops.linear import Linear
from ..graph import Node, Value
from ..planning.actions import Phase
from ..planning.call import Argument, ScratchRing
from ..planning.deferral import BlockwiseGradient
from ..planning.memory import as_rows, row_stride
from ..planning.plan import Plan


class LinearLayer:
    """x @ weightᵀ + bias, and max(·, 0) if ``relu``."""

    def __init__(self, node: Node, output: Value, relu: bool) -> None:
        self._x, self._weight, *bias = node.inputs
        self._bias = bias[0] if bias else None
        self.output = output
        self._relu = relu

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there are kernels for this operation."""
        if not isinstance(node.op, Linear):
            return False
        x, weight, *_ = node.inputs
        return (
            x.batched
            and weight.tensor is not None
            and all(value.dtype == "f4" for value in node.inputs)
            and len(x.shape) in (1, 2)
        )

    def forward(self, plan: Plan) -> None:
        """Plan y = relu(x @ weightᵀ + bias), and first an update that the step before deferred."""
        x, y = (as_rows(plan.memory.value(value)) for value in (self._x, self.output))
        weight, has_bias = plan.memory.value(self._weight), self._bias is not None
        bias = plan.memory.value(self._bias) if self._bias else 0
        outputs, inputs = weight.shape
        update = plan.deferral.due.get(self._weight)
        if update is None:
            sizes = inputs, outputs, row_stride(x), row_stride(y)
            kernel = linear.forward(*sizes, self._relu, has_bias)
            arguments: list[Argument] = [x, weight, bias, y, len(x)]
        else:
            kernel = rank1_update.update_and_forward(update.rule, inputs, self._relu, has_bias)
            before = as_rows(plan.memory.gradient(self.output)), self._input_before(plan, x)
            arguments = [weight, *update.slots, update.scalars, *before, x, bias, y]
        plan.actions.call(kernel, *arguments, total=outputs, granule=16)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of weight, bias and x."""
        d = as_rows(plan.memory.gradient(self.output))
        if self._relu:
            y = as_rows(plan.memory.value(self.output))
            kernel = activation.relu_gradient(y.shape[1], row_stride(y))
            plan.actions.call(kernel, y, d, total=len(d))
        planned = self._parameter_gradients(plan, d)
        if plan.gradients.needs(self._x):
            self._input_gradient(plan, d, barrier_before=not planned)

    def _input_gradient(self, plan: Plan, d: Array, barrier_before: bool) -> None:
        weight = plan.memory.value(self._weight)
        outputs, inputs = weight.shape
        with plan.gradients.target(self._x) as target:
            dx = as_rows(target)
            kernel = linear.input_gradient(inputs, outputs, row_stride(d), row_stride(dx), False)
            plan.actions.call(
                *(kernel, d, weight, dx, 0, len(d)),
                total=inputs,
                granule=16,
                barrier_before=barrier_before,
            )

    def _parameter_gradients(self, plan: Plan, d: Array) -> bool:
        """Plan the gradients of weight and bias, and return whether there is one in this phase."""
        call, outputs = plan.actions.call, d.shape[1]
        x = as_rows(plan.memory.value(self._x))
        stored = plan.gradients.needs(self._weight) and not self._defer(plan, d, x)
        if stored:
            with plan.gradients.target(self._weight) as target:
                kernel = linear.weight_gradient(x.shape[1], outputs, row_stride(d), row_stride(x))
                call(kernel, d, x, target, len(d), total=outputs, granule=16)
        bias = self._bias if self._bias and plan.gradients.needs(self._bias) else None
        if bias is not None:
            with plan.gradients.target(bias) as target:
                kernel, arguments = (
                    linear.bias_gradient(outputs, row_stride(d)),
                    (d, target, len(d)),
                )
                call(kernel, *arguments, total=outputs, granule=16, barrier_before=not stored)
        return stored or bias is not None

    def _defer(self, plan: Plan, d: Array, x: Array) -> bool:
        """Defer the weight's gradient to the next step or its update; return whether it can be."""
        if len(x) == 1 and plan.deferral.defer_update(self._weight):
            kernel = movement.copy(x.shape[1], row_stride(x), x.shape[1])
            arguments, phase = (x, self._input_before(plan, x)), Phase.WEIGHT_GRAD
            plan.actions.call(kernel, *arguments, total=1, phase=phase, barrier_before=False)
            return True
        return plan.deferral.defer_gradient(self._weight, self._blockwise_gradient(plan, d, x))

    def _input_before(self, plan: Plan, x: Array) -> Array:
        """Return the memory in which a step stores its input for the next step."""
        return plan.memory.scratch((self._weight, "input before"), x.shape)

    @staticmethod
    def _blockwise_gradient(plan: Plan, d: Array, x: Array) -> BlockwiseGradient:
        inputs, outputs, strides = x.shape[1], d.shape[1], (row_stride(d), row_stride(x))

        def plan_blocks(rows: int, target: ScratchRing, total: int) -> None:
            kernel = linear.weight_gradient_blocks(inputs, outputs, rows, *strides)
            plan.actions.call_per_block(kernel, d, x, target, len(d), total=total)

        return plan_blocks
