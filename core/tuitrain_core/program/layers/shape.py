"""Another shape: where the elements lie as they should, nothing is done."""

from __future__ import annotations

import math

from ...native import elementwise
from ...ops.shape import Flatten, Reshape
from ..graph import Graph, Node
from ..memory import pitch
from ..plan import Plan


class AliasLayer:
    """Another shape of memory that lies as it should already."""

    def __init__(self, node: Node) -> None:
        (self._x,) = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node, graph: Graph) -> bool:
        """Say whether it makes one row of each image of one channel, or of one pixel."""
        return (
            FlattenLayer.fits(node)
            and 1 in (node.inputs[0].shape[0], math.prod(node.inputs[0].shape[1:]))
            and graph.consumers(node.inputs[0]) == [node]
        )

    def forward(self, plan: Plan) -> None:
        """Let the output have the input's memory, and its gradient the input's gradient's."""
        plan.workspace.alias(self.output, self._x)

    def backward(self, plan: Plan) -> None:
        """Say that the gradient of the input is there."""
        with plan.into(self._x):
            pass


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
