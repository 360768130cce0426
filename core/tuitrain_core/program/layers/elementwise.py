"""ReLU by itself, and sums of two values of one shape."""

from __future__ import annotations

import math

from ...native import elementwise
from ...ops.activation import ReLU
from ...ops.elementwise import Add
from ..graph import Node
from ..memory import pitch
from ..plan import Plan


class ReLULayer:
    """max(x, 0)."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether there is a kernel for this operation."""
        return isinstance(node.op, ReLU) and node.output.batched and node.output.dtype == "f4"

    def forward(self, plan: Plan) -> None:
        """Plan y = max(x, 0)."""
        x, y = plan.value(self._x), plan.value(self.output)
        kernel = elementwise.relu(math.prod(self.output.shape), pitch(x), pitch(y))
        plan.call(kernel, x, y, total=plan.rows)

    def backward(self, plan: Plan) -> None:
        """Plan dx = dy · (y > 0)."""
        y, d = plan.value(self.output), plan.gradient(self.output)
        features = math.prod(self.output.shape)
        with plan.into(self._x) as target:
            plan.call(
                elementwise.copy(features, pitch(d), pitch(target)), d, target, total=plan.rows
            )
            plan.call(elementwise.relu_gradient(features, pitch(y)), y, target, total=plan.rows)


class AddLayer:
    """a + b, of one shape."""

    def __init__(self, node: Node) -> None:
        self._inputs = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether both are whole batches, of one shape."""
        return (
            isinstance(node.op, Add)
            and all(each.batched and each.dtype == "f4" for each in node.inputs)
            and len({each.shape for each in node.inputs}) == 1
        )

    def forward(self, plan: Plan) -> None:
        """Plan y = a + b."""
        arrays = [plan.value(each) for each in (*self._inputs, self.output)]
        kernel = elementwise.sum_of(math.prod(self.output.shape), pitch(arrays[0]))
        plan.call(kernel, *arrays, total=plan.rows)

    def backward(self, plan: Plan) -> None:
        """Plan copies of the gradient."""
        d = plan.gradient(self.output)
        features = math.prod(self.output.shape)
        for each in self._inputs:
            if plan.needs(each):
                with plan.into(each) as target:
                    kernel = elementwise.copy(features, pitch(d), pitch(target))
                    plan.call(kernel, d, target, total=plan.rows)
