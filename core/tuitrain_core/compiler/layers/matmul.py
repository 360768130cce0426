"""Matrix products: of two batches of matrices, or of all rows of a batch with one matrix."""

from __future__ import annotations

import math

from ...native.linalg import linear, matmul
from ...ops.linear import MatMul
from ..graph import Node, Value
from ..planning.memory import as_rows
from ..planning.plan import Plan


def _is_matrices(value: Value) -> bool:
    return value.dtype == "f4" and not value.channels_last and len(value.shape) >= 2


class BatchedMatMulLayer:
    """a @ b, where both have the same number of matrices for each sample."""

    def __init__(self, node: Node) -> None:
        self._a, self._b = node.inputs
        self.output = node.output
        *lead, M, K = self._a.shape
        self._sizes = M, K, self._b.shape[-1]
        self._matrices = math.prod(lead)

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether both operands are batches of matrices, without broadcasting."""
        if not isinstance(node.op, MatMul):
            return False
        a, b = node.inputs
        same_lead = a.shape[:-2] == b.shape[:-2] and a.batched and b.batched
        return same_lead and _is_matrices(a) and _is_matrices(b)

    def forward(self, plan: Plan) -> None:
        """Plan a @ b."""
        arrays = [plan.memory.value(value) for value in (self._a, self._b, self.output)]
        plan.actions.call(matmul.product(*self._sizes), *arrays, total=self._matrices * plan.rows)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of a and b."""
        d, total = plan.memory.gradient(self.output), self._matrices * plan.rows
        if plan.gradients.needs(self._a):
            b = plan.memory.value(self._b)
            with plan.gradients.target(self._a) as target:
                plan.actions.call(matmul.left_gradient(*self._sizes), d, b, target, total=total)
        if plan.gradients.needs(self._b):
            a = plan.memory.value(self._a)
            with plan.gradients.target(self._b) as target:
                plan.actions.call(matmul.right_gradient(*self._sizes), a, d, target, total=total)


class MatMulLayer:
    """x @ w, where w is one matrix for all samples: by the kernels of a linear layer."""

    def __init__(self, node: Node) -> None:
        self._x, self._w = node.inputs
        self.output = node.output
        self._inputs, self._outputs = self._w.shape

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether it is a batch of rows times a matrix that all samples share."""
        if not isinstance(node.op, MatMul):
            return False
        x, w = node.inputs
        one_matrix = not w.batched and len(w.shape) == 2 and w.dtype == "f4"
        return one_matrix and x.batched and _is_matrices(x)

    def forward(self, plan: Plan) -> None:
        """Plan x @ w, which a linear layer computes as an input gradient."""
        x, y = (as_rows(plan.memory.value(value)) for value in (self._x, self.output))
        K, N = self._inputs, self._outputs
        kernel = linear.input_gradient(N, K, K, N, False)
        plan.actions.call(kernel, x, plan.memory.value(self._w), y, 0, len(x), total=N, granule=16)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of w and x."""
        x = as_rows(plan.memory.value(self._x))
        d = as_rows(plan.memory.gradient(self.output))
        K, N = self._inputs, self._outputs
        if plan.gradients.needs(self._w):
            with plan.gradients.target(self._w) as target:
                kernel = linear.weight_gradient(N, K, K, N)
                plan.actions.call(kernel, x, d, target, len(x), total=K, granule=16)
        if plan.gradients.needs(self._x):
            with plan.gradients.target(self._x) as target:
                kernel = linear.forward(N, K, N, K, False, False)
                arguments = d, plan.memory.value(self._w), 0, as_rows(target), len(d)
                plan.actions.call(kernel, *arguments, total=K, granule=16)
