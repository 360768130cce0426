"""Whole numbers, and the rows of a table that they stand for."""

from __future__ import annotations

import math

from ...native.elementwise import embedding
from ...ops.base import Array
from ...ops.elementwise import AsType
from ...ops.embedding import Embedding
from ..graph import Node
from ..planning.memory import row_stride
from ..planning.plan import Plan
from .shape import is_in_named_order

INTEGER_DTYPES = ("i4", "i8")
"""The dtypes of whole numbers that kernels know."""


class ToIntegerLayer:
    """The floats of a batch without their fractions."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether they are floats in the order in which they are named."""
        if not isinstance(node.op, AsType):
            return False
        (x,) = node.inputs
        return (
            x.batched
            and x.dtype == "f4"
            and node.output.dtype in INTEGER_DTYPES
            and is_in_named_order(x)
        )

    def forward(self, plan: Plan) -> None:
        """Plan the conversion."""
        x, y = plan.value(self._x), plan.value(self.output)
        features = math.prod(self._x.shape)
        kernel = embedding.to_integers(features, row_stride(x), y.itemsize)
        plan.each_sample(kernel, x, y)

    def backward(self, plan: Plan) -> None:
        """Plan nothing: no gradient flows through it."""


class EmbeddingLayer:
    """weight[index], where the index is a batch's or always the same."""

    def __init__(self, node: Node) -> None:
        self._op = node.op
        self._index, self._weight = node.inputs
        self.output = node.output
        self._rows, self._features = self._weight.shape
        self._tokens = math.prod(self._index.shape)

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether there are kernels for this operation."""
        if not isinstance(node.op, Embedding):
            return False
        index, weight = node.inputs
        dense = index.tensor is None or index.tensor.numpy().flags.c_contiguous
        known = (
            index.dtype in INTEGER_DTYPES
            and is_in_named_order(index)
            and is_in_named_order(node.output)
        )
        return known and dense and weight.tensor is not None and weight.dtype == "f4"

    def forward(self, plan: Plan) -> None:
        """Plan the check of the numbers, and y."""
        index, weight, y = (plan.value(each) for each in (self._index, self._weight, self.output))
        size, count = index.itemsize, self._samples(plan) * self._tokens
        kernel = embedding.check_indices(size, self._rows)
        plan.check(kernel, index, count, why=lambda: self._op.forward(index, weight))
        kernel = embedding.lookup(self._features, self._tokens, self._pitch(y), size, self._rows)
        if self.output.batched:
            plan.each_sample(kernel, index, weight, y)
        else:
            plan.whole(kernel, index, weight, y, 0, 1)

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of the table."""
        if not plan.needs(self._weight):
            return
        index, d = plan.value(self._index), plan.gradient(self.output)
        count = self._samples(plan) * self._tokens
        with plan.into(self._weight) as target:
            sizes = self._features, self._pitch(d), index.itemsize, self._rows
            kernel = embedding.table_gradient(*sizes)
            plan.call(kernel, index, d, target, count, total=self._features, granule=16)

    def _samples(self, plan: Plan) -> int:
        return plan.rows if self._index.batched else 1

    def _pitch(self, array: Array) -> int:
        """Return the floats from one token to the next; a batch of single ones may have gaps."""
        single = self._index.batched and not self._index.shape
        return row_stride(array) if single else self._features
