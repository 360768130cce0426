"""Dropout, with the masks that the eager tier draws."""

from __future__ import annotations

import math

from ...native.elementwise import dropout, movement
from ...ops.base import Array
from ...ops.dropout import Dropout
from ..graph import Graph, Node, Role
from ..planning.memory import row_stride
from ..planning.plan import Plan


class DropoutLayer:
    """x / (1 - p) where an element is kept, 0 where it is dropped."""

    def __init__(self, node: Node) -> None:
        self._x, _ = node.inputs
        self.output = node.output
        assert isinstance(node.op, Dropout)
        self._drop_prob = node.op.drop_prob

    @staticmethod
    def fits(node: Node, graph: Graph) -> bool:
        """Return whether all dropouts of the graph have kernels: they draw from one generator."""
        if not isinstance(node.op, Dropout):
            return False
        return all(_has_kernel(other) for other in graph.nodes if isinstance(other.op, Dropout))

    def forward(self, plan: Plan) -> None:
        """Plan the drawing of random words, and y."""
        words = plan.random.draw(self, plan.rows * self._features)
        if self._is_reordered:
            channels, *sizes = self._x.shape
            kernel = movement.from_planar(math.prod(sizes), channels, self._features)
            plan.actions.call_per_sample(kernel, words, self._words(plan))
        self._mask(plan, plan.memory.value(self._x), plan.memory.value(self.output))

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of x."""
        with plan.gradients.target(self._x) as target:
            self._mask(plan, plan.memory.gradient(self.output), target)

    def _mask(self, plan: Plan, x: Array, y: Array) -> None:
        kernel = dropout.dropout(self._features, row_stride(x), row_stride(y), self._drop_prob)
        plan.actions.call_per_sample(kernel, x, self._words(plan), y)

    def _words(self, plan: Plan) -> Array:
        """Return the words in the order of memory; they are drawn in public order."""
        if not self._is_reordered:
            return plan.random.words(self, plan.rows * self._features)
        return plan.memory.scratch_per_sample((self, "turned"), (self._features,))

    @property
    def _is_reordered(self) -> bool:
        channels, *sizes = self._x.shape if self._x.channels_last else (1,)
        return channels > 1 and math.prod(sizes) > 1

    @property
    def _features(self) -> int:
        return math.prod(self._x.shape)


def _has_kernel(node: Node) -> bool:
    x, keep = node.inputs
    return x.batched and x.dtype == "f4" and keep.role is Role.RANDOM
