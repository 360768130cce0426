"""Conversion of a batch to integers, and look-up of table rows by them."""

from __future__ import annotations

import math

from ...native.elementwise import embedding
from ...ops.base import Array
from ...ops.elementwise import AsType
from ...ops.embedding import Embedding
from ..graph import Node
from ..planning.memory import row_stride
from ..planning.plan import Plan
from .shape import is_in_public_order

INTEGER_DTYPES = ("i4", "i8")
"""The integer dtypes that kernels support."""


class ToIntegerLayer:
    """Truncates the floats of a batch to integers."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there is a kernel: for float32 in public order."""
        if not isinstance(node.op, AsType):
            return False
        (x,) = node.inputs
        return (
            x.batched
            and x.dtype == "f4"
            and node.output.dtype in INTEGER_DTYPES
            and is_in_public_order(x)
        )

    def forward(self, plan: Plan) -> None:
        """Plan the conversion."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        features = math.prod(self._x.shape)
        kernel = embedding.to_integers(features, row_stride(x), y.itemsize)
        plan.actions.call_per_sample(kernel, x, y)

    def backward(self, plan: Plan) -> None:
        """Plan nothing: no gradient flows through it."""


class EmbeddingLayer:
    """weight[index], where the index is batched or constant."""

    def __init__(self, node: Node) -> None:
        self._op = node.op
        self._index, self._weight = node.inputs
        self.output = node.output
        self._rows, self._features = self._weight.shape
        self._tokens = math.prod(self._index.shape)

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there are kernels for this operation."""
        if not isinstance(node.op, Embedding):
            return False
        index, weight = node.inputs
        dense = index.tensor is None or index.tensor.memory().flags.c_contiguous
        supported = (
            index.dtype in INTEGER_DTYPES
            and is_in_public_order(index)
            and is_in_public_order(node.output)
        )
        return supported and dense and weight.tensor is not None and weight.dtype == "f4"

    def forward(self, plan: Plan) -> None:
        """Plan a check of the index, and y."""
        index, weight, y = (
            plan.memory.value(value) for value in (self._index, self._weight, self.output)
        )
        size, count = index.itemsize, self._samples(plan) * self._tokens
        kernel = embedding.check_indices(size, self._rows)
        plan.actions.add_check(
            kernel, index, count, raise_error=lambda: self._op.forward(index, weight)
        )
        sizes = self._features, self._tokens, self._token_stride(y), size, self._rows
        kernel = embedding.lookup(*sizes)
        if self.output.batched:
            plan.actions.call_per_sample(kernel, index, weight, y)
        else:
            plan.actions.call_once(kernel, index, weight, y, 0, 1)

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of the table."""
        if not plan.gradients.needs(self._weight):
            return
        index, d = plan.memory.value(self._index), plan.memory.gradient(self.output)
        count = self._samples(plan) * self._tokens
        with plan.gradients.target(self._weight) as target:
            sizes = self._features, self._token_stride(d), index.itemsize, self._rows
            kernel = embedding.table_gradient(*sizes)
            plan.actions.call(kernel, index, d, target, count, total=self._features, granule=16)

    def _samples(self, plan: Plan) -> int:
        return plan.rows if self._index.batched else 1

    def _token_stride(self, array: Array) -> int:
        """Return the distance between tokens in floats; single tokens may have gaps."""
        single = self._index.batched and not self._index.shape
        return row_stride(array) if single else self._features
