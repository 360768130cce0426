"""Layer normalization over the last axes."""

from __future__ import annotations

import math

import numpy as np

from ...native.elementwise import movement
from ...native.norm import layer_norm
from ...ops.base import Array
from ...ops.layer_norm import LayerNorm
from ..graph import Node
from ..planning.memory import as_rows, row_stride
from ..planning.plan import Plan
from .shape import has_rows


class LayerNormLayer:
    """(x - mean) / sqrt(var + eps) · weight + bias over the last axes, taken as one."""

    def __init__(self, node: Node) -> None:
        self._x, *affine = node.inputs
        self._weight, self._bias = affine or (None, None)
        self.output = node.output
        assert isinstance(node.op, LayerNorm)
        self._axes = len(node.op.sizes)
        self._features = math.prod(node.op.sizes)
        self._eps = node.op.eps

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there are kernels for this operation."""
        if not isinstance(node.op, LayerNorm):
            return False
        x, *affine = node.inputs
        floats = all(value.dtype == np.float32 and not value.batched for value in affine)
        return floats and has_rows(x) and len(node.op.sizes) <= len(x.shape)

    def forward(self, plan: Plan) -> None:
        """Plan statistics and y."""
        x, y = (self._as_rows(plan.memory.value(value)) for value in (self._x, self.output))
        kernel = layer_norm.normalize(self._sizes(x, y), self._eps)
        affine = [plan.memory.value(value) if value else 0 for value in (self._weight, self._bias)]
        plan.actions.call(kernel, x, *affine, y, self._statistics(plan), total=len(x))

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of weight, bias and x."""
        x = self._as_rows(plan.memory.value(self._x))
        d = self._as_rows(plan.memory.gradient(self.output))
        statistics = self._statistics(plan)
        self._parameter_gradients(plan, x, d)
        if plan.gradients.needs(self._x):
            weight = plan.memory.value(self._weight) if self._weight else 0
            with plan.gradients.target(self._x) as target:
                dx = self._as_rows(target)
                kernel = layer_norm.input_gradient(self._sizes(dx, d))
                plan.actions.call(kernel, x, weight, d, statistics, target, total=len(x))

    def _parameter_gradients(self, plan: Plan, x: Array, d: Array) -> None:
        affine = self._weight, self._bias
        trained = [value for value in affine if value and plan.gradients.needs(value)]
        if not trained:
            return
        gradients = plan.memory.scratch((self, "parameters"), (2, self._features))
        kernel = layer_norm.parameter_gradients(self._sizes(x, d))
        arguments = x, d, self._statistics(plan), *gradients, len(x)
        plan.actions.call(kernel, *arguments, total=self._features, granule=16)
        copy = movement.copy(self._features, self._features, self._features)
        for value, gradient in zip(affine, gradients, strict=True):
            if value in trained:
                with plan.gradients.target(value) as target:
                    plan.actions.call_once(copy, gradient, target, 0, 1)

    def _sizes(self, x: Array, y: Array) -> layer_norm.RowShape:
        has_weight = self._weight is not None
        return layer_norm.RowShape(self._features, row_stride(x), row_stride(y), has_weight)

    def _statistics(self, plan: Plan) -> Array:
        rows = plan.memory.capacity * math.prod(self._x.shape) // self._features
        return plan.memory.scratch((self, "statistics"), (rows, 2))

    def _as_rows(self, array: Array) -> Array:
        return as_rows(array, self._axes)
