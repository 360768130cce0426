"""The feed: how a recorded step takes its batches from a loader's data set."""

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
    """The batches of a loader, for steps that follow one another.

    Parameters
    ----------
    loader : gives the order of the samples
    graph : the step; its images and labels are filled

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
        self._start = StridedPointer(8)

    def set_order(self, order: Array, rows: int) -> None:
        """Say which samples come next, int64, in batches of ``rows``."""
        self._order = order  # kept: kernels read it
        self._start.start = address(order)
        self._start.stride = 8 * rows

    def plan(self, plan: Plan) -> None:
        """Plan the filling of a batch."""
        images, labels = plan.value(self._graph.images), plan.value(self._graph.labels)
        plan.each_sample(self._kernel, self._pixels, self._labels, self._start, images, labels)


def check_labels(labels: Array, graph: Graph) -> None:
    """Demand labels that a step has classes for: its kernels take them as they are.

    Raises
    ------
    CoreError : one is not; says which
    """
    for node in graph.consumers(graph.labels):
        classes = node.inputs[0].shape[-1]
        wrong = np.flatnonzero((labels < 0) | (labels >= classes))
        if len(wrong):
            raise CoreError(
                f"the label of sample {wrong[0]} is {labels[wrong[0]]}; "
                f"with {classes} classes it must be 0 to {classes - 1}"
            )
