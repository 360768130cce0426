"""Maximum and average pooling over windows."""

from __future__ import annotations

import numpy as np

from ...native.pool import window_pool
from ...ops.base import Array
from ...ops.pooling import AvgPool2d, MaxPool2d
from ..graph import Node
from ..planning.plan import Plan


class PoolLayer:
    """The largest or the average pixel of windows of any size, stride and padding."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        assert isinstance(node.op, MaxPool2d | AvgPool2d)
        channels, height, width = self._x.shape
        sizes = node.op.kernel, node.op.stride, node.op.padding
        self._windows = window_pool.PoolWindows((height, width), channels, *sizes)
        self._is_max = isinstance(node.op, MaxPool2d)
        self._weights = np.zeros(0) if self._is_max else _window_weights(node.op, self._windows)

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether there are kernels for this operation."""
        return isinstance(node.op, MaxPool2d | AvgPool2d) and node.output.dtype == "f4"

    def forward(self, plan: Plan) -> None:
        """Plan y."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        if self._is_max:
            kernel = window_pool.max_pool(self._windows)
            plan.actions.call_per_sample(kernel, x, y, self._chosen(plan))
        else:
            plan.actions.call_per_sample(window_pool.avg_pool(self._windows), x, self._weights, y)

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of x."""
        d = plan.memory.gradient(self.output)
        with plan.gradients.target(self._x) as target:
            if self._is_max:
                kernel, window_data = (
                    window_pool.max_pool_gradient(self._windows),
                    self._chosen(plan),
                )
            else:
                kernel, window_data = window_pool.avg_pool_gradient(self._windows), self._weights
            plan.actions.call_per_sample(kernel, d, window_data, target)

    def _chosen(self, plan: Plan) -> Array:
        """Return the memory that says which pixel of each window was the largest."""
        shape = (*self._windows.output_size, self._windows.channels)
        return plan.memory.scratch_per_sample((self, "chosen"), shape)


def _window_weights(op: MaxPool2d | AvgPool2d, w: window_pool.PoolWindows) -> Array:
    """Return 1 / the number of pixels that each window averages."""
    if isinstance(op, AvgPool2d) and op.count_padding:
        return np.full(w.output_size, 1.0 / (w.kernel[0] * w.kernel[1]), np.float32)
    counts = [
        np.array([min(p * s - e + k, n) - max(p * s - e, 0) for p in range(count)])
        for count, n, k, s, e in zip(
            w.output_size, w.size, w.kernel, w.stride, w.padding, strict=True
        )
    ]
    return np.ascontiguousarray(1.0 / np.outer(*counts), np.float32)
