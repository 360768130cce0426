"""Another shape: where the elements lie as they should, nothing is done."""

from __future__ import annotations

import math

from ...native import elementwise
from ...ops.shape import Flatten, Reshape
from ..graph import Node
from ..memory import pitch
from ..plan import Plan


class FlattenLayer:
    """Images as rows: channel by channel, as users know them, where memory has pixel by pixel."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output
        channels, *sizes = self._x.shape
        self._channels, self._pixels = channels, math.prod(sizes)

    @staticmethod
    def fits(node: Node) -> bool:
        """Say whether it makes one row of each sample's image."""
        (x, *_), y = node.inputs, node.output
        return (
            isinstance(node.op, Flatten | Reshape)
            and x.batched
            and y.batched
            and len(x.shape) == 3
            and len(y.shape) == 1
            and x.dtype == "f4"
        )

    def forward(self, plan: Plan) -> None:
        """Plan the copy."""
        x, y = plan.value(self._x), plan.value(self.output)
        kernel = elementwise.planar(self._pixels, self._channels, pitch(y))
        plan.call(kernel, x, y, total=plan.rows)

    def backward(self, plan: Plan) -> None:
        """Plan the way back."""
        d = plan.gradient(self.output)
        with plan.into(self._x) as target:
            kernel = elementwise.unplanar(self._pixels, self._channels, pitch(d))
            plan.call(kernel, d, target, total=plan.rows)
