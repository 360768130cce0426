"""Softmax along the last axis."""

from __future__ import annotations

from ...native.norm import softmax
from ...ops.softmax import Softmax
from ..graph import Node
from ..planning.memory import as_rows, row_stride
from ..planning.plan import Plan
from .shape import has_rows


class SoftmaxLayer:
    """exp(x) over its sum along the last axis."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there is a kernel: along the last axis of a value that is not an image."""
        if not isinstance(node.op, Softmax):
            return False
        (x,) = node.inputs
        return has_rows(x) and node.op.axis % (len(x.shape) + 1) == len(x.shape)

    def forward(self, plan: Plan) -> None:
        """Plan y = softmax(x)."""
        x, y = (as_rows(plan.memory.value(value)) for value in (self._x, self.output))
        kernel = softmax.softmax(x.shape[1], row_stride(x), row_stride(y))
        plan.actions.call(kernel, x, y, total=len(x))

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of x."""
        y = as_rows(plan.memory.value(self.output))
        d = as_rows(plan.memory.gradient(self.output))
        with plan.gradients.target(self._x) as target:
            kernel = softmax.gradient(y.shape[1], row_stride(y), row_stride(as_rows(target)))
            plan.actions.call(kernel, y, d, target, total=len(y))
