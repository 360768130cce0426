"""Batch normalization, with the addition and the ReLU that may follow it."""

from __future__ import annotations

import math

import numpy as np

from ...errors import ShapeError
from ...native.elementwise import activation, movement
from ...native.norm import batch_norm
from ...ops.base import Array
from ...ops.normalization import BatchNormInference, BatchNormTraining
from ..graph import Node, Value
from ..planning.memory import row_stride
from ..planning.plan import Plan


class BatchNormLayer:
    """(x - mean) / sqrt(var + eps) · weight + bias, by the batch's or by given statistics.

    Parameters
    ----------
    node : the normalization
    output : of it, or of what follows and is computed in its pass
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
        """Say whether there are kernels for this operation."""
        if not isinstance(node.op, BatchNormTraining | BatchNormInference):
            return False
        x, *per_channel = node.inputs
        return (
            x.batched
            and (len(x.shape) == 1 or x.channels_last)
            and not any(each.batched for each in per_channel)
            and all(each.tensor is not None for each in per_channel[2:])
            and all(each.dtype == np.float32 for each in node.inputs)
        )

    def forward(self, plan: Plan) -> None:
        """Plan statistics and y."""
        x, y, table = plan.value(self._x), plan.value(self.output), self._table(plan)
        pixels = self._pixels(x, y)
        given = [plan.value(each) for each in (self._weight, self._mean, self._var)]
        if isinstance(self._op, BatchNormTraining):
            self._check(plan.rows)
            moments = self._of_samples(plan, "moments")
            exact = self._op.eps == 0
            plan.each_sample(batch_norm.sample_moments(pixels, exact), x, moments)
            kernel = batch_norm.use_batch_statistics(pixels, self._op.momentum, self._op.eps)
            plan.whole(kernel, moments, plan.rows, *given, table)
        else:
            plan.whole(
                batch_norm.use_running_statistics(self._channels, self._op.eps), *given, table
            )
        plan.each_sample(
            batch_norm.normalize(pixels, self._relu, self._added is not None),
            x,
            table,
            plan.value(self._bias),
            plan.value(self._added) if self._added else 0,
            y,
        )

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of what was added, of weight and bias, and of x."""
        d, y = plan.gradient(self.output), plan.value(self.output)
        features = math.prod(self.output.shape)
        wanted = [plan.needs(each) for each in (self._x, self._weight, self._bias)]
        training = isinstance(self._op, BatchNormTraining)
        shares = plan.scratch((self, "shares"), (2, self._channels))
        if any(wanted[1:]) or (wanted[0] and training):
            self._parameters(plan, d, shares)
        elif self._relu:
            plan.each_sample(activation.relu_gradient(features, row_stride(y)), y, d)
        if self._added is not None and plan.needs(self._added):
            with plan.into(self._added) as target:
                kernel = movement.copy(features, row_stride(d), row_stride(target))
                plan.each_sample(kernel, d, target)
        if wanted[0]:
            with plan.into(self._x) as target:
                x, table = plan.value(self._x), self._table(plan)
                kernel = batch_norm.input_gradient(self._pixels(x, d), training)
                plan.each_sample(kernel, x, d, table, shares, target)

    def _parameters(self, plan: Plan, d: Array, shares: Array) -> None:
        """Plan the sums that all gradients are made of, and first what ReLU leaves of d."""
        x, y = plan.value(self._x), plan.value(self.output)
        sums, pixels = self._of_samples(plan, "sums"), self._pixels(x, d)
        kernel = batch_norm.gradient_sums(pixels, self._relu)
        plan.each_sample(kernel, x, y, d, self._table(plan), sums)
        found = plan.scratch((self, "parameters"), (2, self._channels))
        plan.whole(batch_norm.parameter_gradients(pixels), sums, plan.rows, *found, shares)
        for value, gradient in zip((self._weight, self._bias), found, strict=True):
            if plan.needs(value):
                with plan.into(value) as target:
                    copy = movement.copy(self._channels, self._channels, self._channels)
                    plan.whole(copy, gradient, target, 0, 1)

    def _pixels(self, x: Array, y: Array) -> batch_norm.SampleShape:
        return batch_norm.SampleShape(self._count, self._channels, (row_stride(x), row_stride(y)))

    def _of_samples(self, plan: Plan, what: str) -> Array:
        return plan.scratch((self, what), (plan.workspace.capacity, 2, self._channels))

    def _table(self, plan: Plan) -> Array:
        return plan.scratch((self, "table"), (batch_norm.TABLE_ROWS, self._channels))

    def _check(self, rows: int) -> None:
        if rows * self._count < 2:
            raise ShapeError(
                "batch_norm: in training each channel needs at least 2 values to have a variance; "
                f"the shape {(rows, *self._x.shape)} has {rows * self._count}"
            )
