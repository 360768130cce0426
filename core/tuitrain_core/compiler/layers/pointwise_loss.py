"""Losses that compare each output with its target, at the end of a step."""

from __future__ import annotations

import math

from ...native.norm import cross_entropy, pointwise_loss
from ...ops.loss import SquareLoss
from ...ops.pointwise_loss import AbsoluteLoss, BinaryCrossEntropy, HingeLoss
from ..graph import Graph, Node
from ..planning.memory import row_stride
from ..planning.plan import Plan

_KINDS = {
    SquareLoss(): "square",
    AbsoluteLoss(): "absolute",
    BinaryCrossEntropy(): "binary_cross_entropy",
    HingeLoss(): "hinge",
}


class PointwiseLossLayer:
    """The mean loss of all outputs; the forward pass computes its gradient too."""

    def __init__(self, node: Node) -> None:
        self._outputs, self._targets = node.inputs
        self._kind = _KINDS[node.op]
        self.output = node.output

    @staticmethod
    def fits(node: Node, graph: Graph) -> bool:
        """Return whether there is a kernel: for float32 outputs that only the loss reads."""
        if node.op not in _KINDS or node.output is not graph.loss:
            return False
        outputs, targets = node.inputs
        return (
            all(value.batched and value.dtype == "f4" for value in node.inputs)
            and outputs.channels_last == targets.channels_last
            and graph.consumers(outputs) == [node]
            and graph.is_data(targets)
        )

    def forward(self, plan: Plan) -> None:
        """Plan the losses, the gradient of the outputs, and the mean."""
        memory = plan.memory
        outputs, targets = memory.value(self._outputs), memory.value(self._targets)
        gradient = memory.gradient(self._outputs)
        losses = memory.scratch_per_sample((self, "losses"), ())
        kernel = pointwise_loss.pointwise_loss(
            self._kind,
            math.prod(self._outputs.shape),
            *map(row_stride, (outputs, targets, gradient)),
        )
        plan.actions.call_per_sample(kernel, outputs, targets, gradient, losses, plan.rows)
        mean = memory.value(self.output)
        plan.actions.call_once(cross_entropy.mean_loss(), losses, plan.rows, mean, plan.losses)

    def backward(self, plan: Plan) -> None:
        """Mark the gradient of the outputs as written."""
        with plan.gradients.target(self._outputs):
            pass
