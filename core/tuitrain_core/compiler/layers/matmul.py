"""Matrix products of two values: of each sample's matrices, or of all rows with one matrix."""

from __future__ import annotations

import math

from ...native.linalg import linear, matmul
from ...ops.base import Array
from ...ops.linear import MatMul
from ..graph import Node, Value
from ..planning.plan import Plan


def _is_matrices(value: Value) -> bool:
    return value.dtype == "f4" and not value.channels_last and len(value.shape) >= 2


class BatchedMatMulLayer:
    """a @ b, where both have as many matrices for each sample."""

    def __init__(self, node: Node) -> None:
        self._a, self._b = node.inputs
        self.output = node.output
        *lead, M, K = self._a.shape
        self._sizes = M, K, self._b.shape[-1]
        self._matrices = math.prod(lead)

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether both are batches of matrices, and none is used twice."""
        if not isinstance(node.op, MatMul):
            return False
        a, b = node.inputs
        alike = a.shape[:-2] == b.shape[:-2] and a.batched and b.batched
        return alike and _is_matrices(a) and _is_matrices(b)

    def forward(self, plan: Plan) -> None:
        """Plan a @ b."""
        arrays = [plan.value(each) for each in (self._a, self._b, self.output)]
        plan.call(matmul.product(*self._sizes), *arrays, total=self._matrices * plan.rows)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of a and b."""
        d, total = plan.gradient(self.output), self._matrices * plan.rows
        if plan.needs(self._a):
            b = plan.value(self._b)
            with plan.into(self._a) as target:
                plan.call(matmul.left_gradient(*self._sizes), d, b, target, total=total)
        if plan.needs(self._b):
            a = plan.value(self._a)
            with plan.into(self._b) as target:
                plan.call(matmul.right_gradient(*self._sizes), a, d, target, total=total)


class MatMulLayer:
    """x @ w, where w is one matrix for all samples: the kernels of a linear layer, turned round."""

    def __init__(self, node: Node) -> None:
        self._x, self._w = node.inputs
        self.output = node.output
        self._inputs, self._outputs = self._w.shape

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether it is a batch of rows times a matrix that is no batch."""
        if not isinstance(node.op, MatMul):
            return False
        x, w = node.inputs
        matrix = not w.batched and len(w.shape) == 2 and w.dtype == "f4"
        return matrix and x.batched and _is_matrices(x)

    def forward(self, plan: Plan) -> None:
        """Plan x @ w."""
        x, y = self._rows(plan.value(self._x)), self._rows(plan.value(self.output))
        K, N = self._inputs, self._outputs
        kernel = linear.input_gradient(N, K, K, N, False)
        plan.call(kernel, x, plan.value(self._w), y, 0, len(x), total=N, granule=16)

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of w and x."""
        x, d = self._rows(plan.value(self._x)), self._rows(plan.gradient(self.output))
        K, N = self._inputs, self._outputs
        if plan.needs(self._w):
            with plan.into(self._w) as target:
                kernel = linear.weight_gradient(N, K, K, N)
                plan.call(kernel, x, d, target, len(x), total=K, granule=16)
        if plan.needs(self._x):
            with plan.into(self._x) as target:
                kernel = linear.forward(N, K, N, K, False, False)
                given = d, plan.value(self._w), 0, self._rows(target), len(d)
                plan.call(kernel, *given, total=K, granule=16)

    @staticmethod
    def _rows(array: Array) -> Array:
        return array.reshape(-1, array.shape[-1])
