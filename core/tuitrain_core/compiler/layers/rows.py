"""Layers that work on rows, the last axis of a value: softmax and layer normalization."""

from __future__ import annotations

import math

import numpy as np

from ...native.elementwise import movement
from ...native.norm import layer_norm, softmax
from ...ops.base import Array
from ...ops.layer_norm import LayerNorm
from ...ops.softmax import Softmax
from ..graph import Node, Value
from ..planning.memory import row_stride
from ..planning.plan import Plan


def _rows(array: Array, features: int) -> Array:
    """Return memory as rows; what has one axis more lies without gaps."""
    if array.ndim == 2 and array.shape[1] == features:
        return array
    return array.reshape(-1, features)


def _has_rows(x: Value) -> bool:
    return x.batched and not x.channels_last and x.dtype == "f4" and len(x.shape) > 0


class SoftmaxLayer:
    """exp(x) over its sum along the last axis."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether it goes along the last axis of what is no image."""
        if not isinstance(node.op, Softmax):
            return False
        (x,) = node.inputs
        return _has_rows(x) and node.op.axis % (len(x.shape) + 1) == len(x.shape)

    def forward(self, plan: Plan) -> None:
        """Plan the shares."""
        x, y = (self._rows(plan.value(each)) for each in (self._x, self.output))
        plan.call(softmax.softmax(x.shape[1], row_stride(x), row_stride(y)), x, y, total=len(x))

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of x."""
        y, d = self._rows(plan.value(self.output)), self._rows(plan.gradient(self.output))
        with plan.into(self._x) as target:
            kernel = softmax.gradient(y.shape[1], row_stride(y), row_stride(self._rows(target)))
            plan.call(kernel, y, d, target, total=len(y))

    def _rows(self, array: Array) -> Array:
        return _rows(array, self._x.shape[-1])


class LayerNormLayer:
    """(x - mean) / sqrt(var + eps) · weight + bias over the last axes, taken as one."""

    def __init__(self, node: Node) -> None:
        self._x, *affine = node.inputs
        self._weight, self._bias = affine or (None, None)
        self.output = node.output
        assert isinstance(node.op, LayerNorm)
        self._features = math.prod(node.op.sizes)
        self._eps = node.op.eps

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether there are kernels for this operation."""
        if not isinstance(node.op, LayerNorm):
            return False
        x, *affine = node.inputs
        floats = all(each.dtype == np.float32 and not each.batched for each in affine)
        return floats and _has_rows(x) and len(node.op.sizes) <= len(x.shape)

    def forward(self, plan: Plan) -> None:
        """Plan statistics and y."""
        x, y = self._rows(plan.value(self._x)), self._rows(plan.value(self.output))
        kernel = layer_norm.normalize(self._sizes(x, y), self._eps)
        affine = [plan.value(each) if each else 0 for each in (self._weight, self._bias)]
        plan.call(kernel, x, *affine, y, self._statistics(plan), total=len(x))

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of weight, bias and x."""
        x, d = self._rows(plan.value(self._x)), self._rows(plan.gradient(self.output))
        statistics = self._statistics(plan)
        self._parameters(plan, x, d)
        if plan.needs(self._x):
            weight = plan.value(self._weight) if self._weight else 0
            with plan.into(self._x) as target:
                dx = self._rows(target)
                kernel = layer_norm.input_gradient(self._sizes(dx, d))
                plan.call(kernel, x, weight, d, statistics, target, total=len(x))

    def _parameters(self, plan: Plan, x: Array, d: Array) -> None:
        wanted = [each for each in (self._weight, self._bias) if each and plan.needs(each)]
        if not wanted:
            return
        found = plan.scratch((self, "parameters"), (2, self._features))
        kernel = layer_norm.parameter_gradients(self._sizes(x, d))
        given = x, d, self._statistics(plan), *found, len(x)
        plan.call(kernel, *given, total=self._features, granule=16)
        for value, gradient in zip((self._weight, self._bias), found, strict=True):
            if value in wanted:
                with plan.into(value) as target:
                    size = self._features
                    plan.whole(movement.copy(size, size, size), gradient, target, 0, 1)

    def _sizes(self, x: Array, y: Array) -> layer_norm.RowShape:
        return layer_norm.RowShape(
            self._features, row_stride(x), row_stride(y), self._weight is not None
        )

    def _statistics(self, plan: Plan) -> Array:
        rows = plan.workspace.capacity * math.prod(self._x.shape) // self._features
        return plan.scratch((self, "statistics"), (rows, 2))

    def _rows(self, array: Array) -> Array:
        return _rows(array, self._features)
