"""The batch source: how a recorded step fills its batch from a loader's data set."""

from __future__ import annotations

import math

import numpy as np

from ...data.loader import DataLoader
from ...errors import CoreError
from ...native.runtime import batch_gather
from ...ops.base import Array
from ..graph import Graph
from .call import StridedPointer
from .memory import address
from .plan import Plan


class BatchSource:
    """The batches of a loader for consecutive steps.

    Parameters
    ----------
    loader : gives the data set, and how pixels are scaled
    graph : the step whose images and labels are filled

    Raises
    ------
    CoreError : a label of the data set is not one of the step's classes
    """

    def __init__(self, loader: DataLoader, graph: Graph) -> None:
        data = loader.dataset
        check_labels(data.labels, graph)
        self._graph = graph
        self._pixels, self._labels = data.images, data.labels
        channels, *sizes = data.images.shape[1:]
        self._kernel = batch_gather.gather_batch(channels, math.prod(sizes), *loader.scaling)
        self._order: Array | None = None
        self._pointer = StridedPointer(8)

    def set_order(self, order: Array, rows: int) -> None:
        """Set the samples of the coming steps: int64 indices, ``rows`` of them for each step."""
        self._order = order  # keeps alive what kernels read
        self._pointer.start = address(order)
        self._pointer.stride = 8 * rows

    def plan_batch(self, plan: Plan) -> None:
        """Plan the filling of a step's images and labels."""
        images, labels = (
            plan.memory.value(value) for value in (self._graph.images, self._graph.labels)
        )
        arguments = self._pixels, self._labels, self._pointer, images, labels
        plan.actions.call_per_sample(self._kernel, *arguments)


def check_labels(labels: Array, graph: Graph) -> None:
    """Check that the step has a class for every label; its kernels do not.

    Raises
    ------
    CoreError : names the first label without a class
    """
    for node in graph.consumers(graph.labels):
        classes = node.inputs[0].shape[-1]
        wrong = np.flatnonzero((labels < 0) | (labels >= classes))
        if len(wrong):
            raise CoreError(
                f"the label of sample {wrong[0]} is {labels[wrong[0]]}; "
                f"with {classes} classes it must be 0 to {classes - 1}"
            )
