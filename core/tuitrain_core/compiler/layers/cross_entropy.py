"""The cross entropy at the end of a step; its gradient is found on the way forward."""

from __future__ import annotations

import numpy as np

from ...native.norm import cross_entropy
from ...ops.loss import CrossEntropy
from ..graph import Graph, Node
from ..planning.memory import row_stride
from ..planning.plan import Plan


class CrossEntropyLayer:
    """The mean cross entropy of logits, which is the loss of the step."""

    def __init__(self, node: Node) -> None:
        self._logits, self._labels = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node, graph: Graph) -> bool:
        """Say whether there is a kernel for this operation."""
        if node.op != CrossEntropy() or node.output is not graph.loss:
            return False
        logits, labels = node.inputs
        return (
            logits.batched
            and len(logits.shape) == 1
            and logits.shape[0] <= 16 * cross_entropy.MAX_VECTORS
            and logits.dtype == np.float32
            and labels is graph.labels
            and labels.dtype == np.int32
            and graph.consumers(logits) == [node]
        )

    def forward(self, plan: Plan) -> None:
        """Plan losses, slopes and the mean."""
        logits = plan.value(self._logits)
        slopes = plan.gradient(self._logits)
        losses = plan.scratch((self, "losses"), (plan.workspace.capacity,))
        kernel = cross_entropy.cross_entropy(
            logits.shape[1], row_stride(logits), row_stride(slopes)
        )
        labels = plan.value(self._labels)
        plan.each_sample(kernel, logits, labels, slopes, losses, plan.rows)
        plan.whole(
            cross_entropy.mean_loss(), losses, plan.rows, plan.value(self.output), plan.losses
        )

    def backward(self, plan: Plan) -> None:
        """Say that the gradient of the logits is there."""
        with plan.into(self._logits):
            pass
