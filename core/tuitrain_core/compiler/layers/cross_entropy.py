"""The cross entropy at the end of a step; the forward pass computes its gradient too."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ...native.norm import cross_entropy
from ...ops.loss import CrossEntropy
from ..graph import Graph, Node
from ..planning.memory import row_stride
from ..planning.plan import Plan


class CrossEntropyLayer:
    """The mean cross entropy of logits, of one class or several a sample: the loss of the step."""

    def __init__(self, node: Node) -> None:
        self._logits, self._labels = node.inputs
        self.output = node.output

    @staticmethod
    def fits(node: Node, graph: Graph) -> bool:
        """Return whether there is a kernel for this operation."""
        op = node.op
        if not isinstance(op, CrossEntropy) or node.output is not graph.loss:
            return False
        logits, labels = node.inputs
        is_last = op.axis in (-1, len(logits.shape))
        return (
            replace(op, axis=1) == CrossEntropy()
            and is_last
            and logits.batched
            and len(logits.shape) >= 1
            and not logits.channels_last
            and logits.shape[-1] <= 16 * cross_entropy.MAX_VECTORS
            and logits.dtype == np.float32
            and labels is graph.targets
            and labels.dtype == np.int32
            and graph.consumers(logits) == [node]
        )

    def forward(self, plan: Plan) -> None:
        """Plan the losses, the gradient of the logits, and the mean."""
        logits = plan.memory.value(self._logits)
        gradient = plan.memory.gradient(self._logits)
        labels = plan.memory.value(self._labels)
        tokens = math.prod(self._logits.shape[:-1])
        losses, count = (
            plan.memory.scratch_per_sample((self, "losses"), (tokens,)),
            plan.rows * tokens,
        )
        classes = self._logits.shape[-1]
        if len(self._logits.shape) == 1:
            kernel = cross_entropy.cross_entropy(classes, row_stride(logits), row_stride(gradient))
            plan.actions.call_per_sample(kernel, logits, labels, gradient, losses, count)
        else:
            kernel = cross_entropy.cross_entropy(classes, classes, classes)
            plan.actions.call(kernel, logits, labels, gradient, losses, count, total=count)
        mean = plan.memory.value(self.output)
        plan.actions.call_once(cross_entropy.mean_loss(), losses, count, mean, plan.losses)

    def backward(self, plan: Plan) -> None:
        """Mark the gradient of the logits as written."""
        with plan.gradients.target(self._logits):
            pass
