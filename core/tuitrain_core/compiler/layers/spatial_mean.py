"""The average or the sum over all pixels of an image, or over all tokens of a sequence."""

from __future__ import annotations

import math

from ...native.pool import spatial_mean
from ...ops.reduction import Mean, Sum
from ..graph import Node, Value
from ..planning.memory import row_stride
from ..planning.plan import Plan


class SpatialMeanLayer:
    """Pixels, or tokens, become one."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        self._channels = self._x.shape[0 if self._x.channels_last else -1]
        self._pixels = math.prod(self._x.shape) // self._channels
        self._share = 1.0 / self._pixels if isinstance(node.op, Mean) else 1.0

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether it goes over all pixels of an image, or over all but the last axis."""
        if not isinstance(node.op, Mean | Sum) or node.op.axis is None:
            return False
        x = node.inputs[0]
        gone = {each % (len(x.shape) + 1) for each in node.op.axis}
        return x.batched and x.dtype == "f4" and math.prod(x.shape) > 0 and gone == _pixels(x)

    def forward(self, plan: Plan) -> None:
        """Plan the average."""
        x, y = plan.value(self._x), plan.value(self.output)
        kernel = spatial_mean.scaled_sum(
            self._pixels, self._channels, row_stride(x), row_stride(y), self._share
        )
        plan.each_sample(kernel, x, y)

    def backward(self, plan: Plan) -> None:
        """Plan each pixel's share of the gradient."""
        d = plan.gradient(self.output)
        with plan.into(self._x) as target:
            sizes = self._pixels, self._channels, row_stride(d), row_stride(target)
            plan.each_sample(spatial_mean.scaled_sum_gradient(*sizes, self._share), d, target)


def _pixels(x: Value) -> set[int]:
    """Return the axes of a batch that are not samples and not channels."""
    if x.channels_last:
        return {2, 3}
    return set(range(1, len(x.shape))) if len(x.shape) > 1 else {-1}
