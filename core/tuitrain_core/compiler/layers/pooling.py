"""The largest or the average pixel of each window."""

from __future__ import annotations

import numpy as np

from ...native.pool import window_pool
from ...ops.base import Array
from ...ops.pooling import AvgPool2d, MaxPool2d
from ..graph import Node
from ..planning.plan import Plan


class PoolLayer:
    """Windows over images, of any size, stride and padding."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        assert isinstance(node.op, MaxPool2d | AvgPool2d)
        channels, height, width = self._x.shape
        sizes = node.op.kernel, node.op.stride, node.op.padding
        self._windows = window_pool.PoolWindows((height, width), channels, *sizes)
        self._largest = isinstance(node.op, MaxPool2d)
        self._shares = np.zeros(0) if self._largest else _shares(node.op, self._windows)

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether there are kernels for this operation."""
        return isinstance(node.op, MaxPool2d | AvgPool2d) and node.output.dtype == "f4"

    def forward(self, plan: Plan) -> None:
        """Plan y."""
        x, y = plan.value(self._x), plan.value(self.output)
        if self._largest:
            kernel = window_pool.max_pool(self._windows)
            plan.each_sample(kernel, x, y, self._chosen(plan))
        else:
            plan.each_sample(window_pool.avg_pool(self._windows), x, self._shares, y)

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of x."""
        d = plan.gradient(self.output)
        with plan.into(self._x) as target:
            if self._largest:
                kernel, given = window_pool.max_pool_gradient(self._windows), self._chosen(plan)
            else:
                kernel, given = window_pool.avg_pool_gradient(self._windows), self._shares
            plan.each_sample(kernel, d, given, target)

    def _chosen(self, plan: Plan) -> Array:
        """Return the memory for which pixel of each window was the largest."""
        shape = (*self._windows.output_size, self._windows.channels)
        return plan.scratch((self, "chosen"), (plan.workspace.capacity, *shape))


def _shares(op: MaxPool2d | AvgPool2d, w: window_pool.PoolWindows) -> Array:
    """Return one over the number of pixels that each window averages."""
    if isinstance(op, AvgPool2d) and op.count_padding:
        return np.full(w.output_size, 1.0 / (w.kernel[0] * w.kernel[1]), np.float32)
    real = [
        np.array([min(p * s - e + k, n) - max(p * s - e, 0) for p in range(count)])
        for count, n, k, s, e in zip(
            w.output_size, w.size, w.kernel, w.stride, w.padding, strict=True
        )
    ]
    return np.ascontiguousarray(1.0 / np.outer(*real), np.float32)
