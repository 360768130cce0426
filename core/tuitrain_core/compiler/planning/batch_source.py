"""The batch source: how a recorded step fills its batch from a loader's data set."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ...data.loader import DataLoader
from ...data.sample_array import SampleArray
from ...errors import CoreError
from ...ops.base import Array
from ...ops.loss import CrossEntropy
from ..graph import Graph, Value
from .call import StridedPointer
from .memory import address, row_stride
from .plan import Plan


class BatchSource:
    """The batches of a loader for consecutive steps.

    Parameters
    ----------
    loader : gives the samples; if it transforms them, `plan_batch` plans nothing, and
        `Recording.take` is given each batch
    graph : the step whose inputs and targets are filled

    Attributes
    ----------
    is_native : whether batches are filled without Python

    Raises
    ------
    CoreError : a label of the data set is not one of the step's classes
    """

    def __init__(self, loader: DataLoader, graph: Graph) -> None:
        inputs, targets = loader.arrays
        self._pairs = list(zip(graph.inputs, inputs, strict=True))
        if targets is not None:
            check_labels(targets.array, graph)
            self._pairs.append((graph.targets, targets))
        self.is_native = not loader.augments
        self._order: Array | None = None
        self._pointer = StridedPointer(8)

    def set_order(self, order: Array, rows: int) -> None:
        """Set the samples of the coming steps: int64 indices, ``rows`` of them for each step."""
        self._order = order  # keeps alive what kernels read
        self._pointer.start = address(order)
        self._pointer.stride = 8 * rows

    @property
    def pointer(self) -> StridedPointer:
        """The address of the samples of the present step; see `set_order`."""
        return self._pointer

    def plan_batch(self, plan: Plan) -> None:
        """Plan what comes before the layers: the filling of a step's inputs and targets."""
        for value, source in self._pairs if self.is_native else ():
            self._plan_gather(plan, value, source)

    def plan_inputs(self, plan: Plan, values: Collection[Value]) -> None:
        """Plan the filling of only these inputs and targets."""
        for value, source in self._pairs:
            if value in values:
                self._plan_gather(plan, value, source)

    def computes(self, layer: object) -> bool:
        """Return whether a step must run a layer forward."""
        del layer
        return True

    def plan_after(self, plan: Plan, value: Value) -> None:
        """Plan what comes after the layer that computes a value."""

    def _plan_gather(self, plan: Plan, value: Value, source: SampleArray) -> None:
        memory = plan.memory.value(value)
        kernel = source.kernel(value.channels_last, row_stride(memory))
        plan.actions.call_per_sample(kernel, source.array, self._pointer, memory)


def check_labels(labels: Array, graph: Graph) -> None:
    """Check that the step's cross entropy has a class for every label; its kernels do not.

    Raises
    ------
    CoreError : names the first label without a class
    """
    for node in graph.consumers(graph.targets):
        if not isinstance(node.op, CrossEntropy):
            continue
        shape = node.inputs[0].shape
        classes = shape[node.op.axis - 1 if node.op.axis > 0 else node.op.axis]
        wrong = np.argwhere((labels < 0) | (labels >= classes))
        if len(wrong):
            place = tuple(map(int, wrong[0]))
            shown = place[0] if len(place) == 1 else place
            raise CoreError(
                f"the label of sample {shown} is {labels[place]}; "
                f"with {classes} classes it must be 0 to {classes - 1}"
            )
