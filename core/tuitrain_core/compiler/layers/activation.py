"""Activation functions that are not fused with another operation."""

from __future__ import annotations

import math

from ...native.elementwise import activation
from ...ops.activation import GELU, ReLU, Sigmoid, Tanh
from ...ops.base import Op
from ..graph import Node
from ..planning.memory import row_stride
from ..planning.plan import Plan


class ActivationLayer:
    """A function of each element."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        self._name = _kernel_name(node.op)

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there is a kernel for this operation."""
        return bool(_kernel_name(node.op)) and node.output.batched and node.output.dtype == "f4"

    def forward(self, plan: Plan) -> None:
        """Plan y = f(x)."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        kernel = activation.forward(self._name, self._features(), (row_stride(x), row_stride(y)))
        plan.actions.call_per_sample(kernel, x, y)

    def backward(self, plan: Plan) -> None:
        """Plan dx = d · f'(x)."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        d = plan.memory.gradient(self.output)
        kernel = activation.gradient(self._name, self._features(), (row_stride(x), row_stride(y)))
        with plan.gradients.target(self._x) as target:
            plan.actions.call_per_sample(kernel, x, y, d, target)

    def _features(self) -> int:
        return math.prod(self.output.shape)


def _kernel_name(op: Op) -> str:
    """Return the kernel's name of an operation; "" if there is none."""
    if isinstance(op, GELU):
        return "gelu_tanh" if op.approximate else "gelu"
    names = {ReLU: "relu", Tanh: "tanh", Sigmoid: "sigmoid"}
    return names.get(type(op), "")  # type: ignore[arg-type]
