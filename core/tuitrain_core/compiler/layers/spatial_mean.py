"""The mean or the sum over all pixels of an image, or over all tokens of a sequence."""

from __future__ import annotations

import math

from ...native.pool import spatial_mean
from ...ops.reduction import Mean, Sum
from ..graph import Node, Value
from ..planning.memory import row_stride
from ..planning.plan import Plan


class SpatialMeanLayer:
    """Reduces the pixels, or the tokens, of each sample to one."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        self._channels = self._x.shape[0 if self._x.channels_last else -1]
        self._pixels = math.prod(self._x.shape) // self._channels
        self._scale = 1.0 / self._pixels if isinstance(node.op, Mean) else 1.0

    @staticmethod
    def fits(node: Node) -> bool:
        """Return whether it reduces all pixels of an image, or all axes but the last one."""
        if not isinstance(node.op, Mean | Sum) or node.op.axis is None:
            return False
        x = node.inputs[0]
        reduced = {axis % (len(x.shape) + 1) for axis in node.op.axis}
        return (
            x.batched and x.dtype == "f4" and math.prod(x.shape) > 0 and reduced == _spatial_axes(x)
        )

    def forward(self, plan: Plan) -> None:
        """Plan the reduction."""
        x, y = plan.memory.value(self._x), plan.memory.value(self.output)
        kernel = spatial_mean.scaled_sum(
            self._pixels, self._channels, row_stride(x), row_stride(y), self._scale
        )
        plan.actions.call_per_sample(kernel, x, y)

    def backward(self, plan: Plan) -> None:
        """Plan the gradient of every pixel, which is the same for all."""
        d = plan.memory.gradient(self.output)
        with plan.gradients.target(self._x) as target:
            sizes = self._pixels, self._channels, row_stride(d), row_stride(target)
            plan.actions.call_per_sample(
                spatial_mean.scaled_sum_gradient(*sizes, self._scale), d, target
            )


def _spatial_axes(x: Value) -> set[int]:
    """Return the axes of a batch that are neither samples nor channels."""
    if x.channels_last:
        return {2, 3}
    return set(range(1, len(x.shape))) if len(x.shape) > 1 else {-1}
