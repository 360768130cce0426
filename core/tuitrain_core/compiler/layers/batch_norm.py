"""Batch normalization, with the addition and the ReLU that may follow it."""

from __future__ import annotations

import math

import numpy as np

from ...native.elementwise import activation, movement
from ...native.norm import batch_norm
from ...ops.base import Array
from ...ops.normalization import BatchNormInference, BatchNormTraining, check_count
from ..graph import Node, Value
from ..planning.memory import row_stride
from ..planning.plan import Plan


class BatchNormLayer:
    """(x - mean) / sqrt(var + eps) · weight + bias, by the batch's or by running statistics.

    Parameters
    ----------
    node : the normalization
    output : the output of ``node``, or of the last operation that is fused with it
    added : a value of the output's shape that is added, or None
    relu : whether max(·, 0) comes last
    """

    def __init__(self, node: Node, output: Value, added: Value | None, relu: bool) -> None:
        self._x, self._weight, self._bias, self._mean, self._var = node.inputs
        assert isinstance(node.op, BatchNormTraining | BatchNormInference)
        self._op = node.op
        self.output = output
        self._added, self._relu = added, relu
        self._channels = self._x.shape[0]
        self._count = math.prod(self._x.shape[1:])

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there are kernels for this operation."""
        if not isinstance(node.op, BatchNormTraining | BatchNormInference):
            return False
        x, *per_channel = node.inputs
        return (
            x.batched
            and (len(x.shape) == 1 or x.channels_last)
            and not any(value.batched for value in per_channel)
            and all(value.tensor is not None for value in per_channel[2:])
            and all(value.dtype == np.float32 for value in node.inputs)
        )

    def forward(self, plan: Plan) -> None:
        """Plan statistics and y."""
        x, y, table = plan.memory.value(self._x), plan.memory.value(self.output), self._table(plan)
        pixels = self._pixels(x, y)
        arrays = [plan.memory.value(value) for value in (self._weight, self._mean, self._var)]
        if isinstance(self._op, BatchNormTraining):
            check_count((plan.rows, *self._x.shape), plan.rows * self._count)
            moments = self._sample_sums(plan, "moments")
            exact = self._op.eps == 0
            plan.actions.call_per_sample(batch_norm.sample_moments(pixels, exact), x, moments)
            kernel = batch_norm.use_batch_statistics(pixels, self._op.momentum, self._op.eps)
            plan.actions.call_once(kernel, moments, plan.rows, *arrays, table)
        else:
            kernel = batch_norm.use_running_statistics(self._channels, self._op.eps)
            plan.actions.call_once(kernel, *arrays, table)
        plan.actions.call_per_sample(
            batch_norm.normalize(pixels, self._relu, self._added is not None),
            x,
            table,
            plan.memory.value(self._bias),
            plan.memory.value(self._added) if self._added else 0,
            y,
        )

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of the added value, of weight and bias, and of x."""
        d, y = plan.memory.gradient(self.output), plan.memory.value(self.output)
        features = math.prod(self.output.shape)
        needs_x, *needs_affine = (
            plan.gradients.needs(value) for value in (self._x, self._weight, self._bias)
        )
        training = isinstance(self._op, BatchNormTraining)
        shares = plan.memory.scratch((self, "shares"), (2, self._channels))
        if any(needs_affine) or (needs_x and training):
            self._parameter_gradients(plan, d, shares)
        elif self._relu:
            plan.actions.call_per_sample(activation.relu_gradient(features, row_stride(y)), y, d)
        if self._added is not None and plan.gradients.needs(self._added):
            with plan.gradients.target(self._added) as target:
                kernel = movement.copy(features, row_stride(d), row_stride(target))
                plan.actions.call_per_sample(kernel, d, target)
        if needs_x:
            with plan.gradients.target(self._x) as target:
                x, table = plan.memory.value(self._x), self._table(plan)
                kernel = batch_norm.input_gradient(self._pixels(x, d), training)
                plan.actions.call_per_sample(kernel, x, d, table, shares, target)

    def _parameter_gradients(self, plan: Plan, d: Array, shares: Array) -> None:
        """Plan ReLU's gradient in place of d, and the sums that all gradients are computed from."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        sums, pixels = self._sample_sums(plan, "sums"), self._pixels(x, d)
        kernel = batch_norm.gradient_sums(pixels, self._relu)
        plan.actions.call_per_sample(kernel, x, y, d, self._table(plan), sums)
        gradients = plan.memory.scratch((self, "parameters"), (2, self._channels))
        kernel = batch_norm.parameter_gradients(pixels)
        plan.actions.call_once(kernel, sums, plan.rows, *gradients, shares)
        for value, gradient in zip((self._weight, self._bias), gradients, strict=True):
            if plan.gradients.needs(value):
                with plan.gradients.target(value) as target:
                    copy = movement.copy(self._channels, self._channels, self._channels)
                    plan.actions.call_once(copy, gradient, target, 0, 1)

    def _pixels(self, x: Array, y: Array) -> batch_norm.SampleShape:
        return batch_norm.SampleShape(self._count, self._channels, (row_stride(x), row_stride(y)))

    def _sample_sums(self, plan: Plan, name: str) -> Array:
        return plan.memory.scratch_per_sample((self, name), (2, self._channels))

    def _table(self, plan: Plan) -> Array:
        return plan.memory.scratch((self, "table"), (batch_norm.TABLE_ROWS, self._channels))
