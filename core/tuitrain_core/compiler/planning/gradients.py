"""The gradients of a planned step: which values need one, and where its parts are written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from ...native.elementwise import arithmetic
from ...ops.base import Array
from ...tensor import Tensor
from ..graph import Graph, Value
from . import memory
from .actions import ActionList, Phase
from .memory import StepMemory


class Gradients:
    """The gradients of a step's values.

    Parameters
    ----------
    graph : the step
    trained : the parameters that get a gradient
    memory, actions : of the plan
    """

    def __init__(
        self, graph: Graph, trained: Sequence[Tensor], memory: StepMemory, actions: ActionList
    ) -> None:
        self._memory = memory
        self._actions = actions
        self._needed = graph.values_depending_on(trained)
        self._written: set[Value] = set()

    def needs(self, value: Value) -> bool:
        """Return whether the step needs a value's gradient."""
        return value in self._needed

    def has(self, value: Value) -> bool:
        """Return whether the step needs a value's gradient, and an action writes it."""
        return self.needs(value) and value in self._written

    @contextmanager
    def target(self, value: Value, phase: Phase = Phase.FORWARD_BACKWARD) -> Iterator[Array]:
        """Give the memory that the next part of a value's gradient is written to.

        The first part is written to the gradient itself. A later part is written elsewhere, and
        added at the end of the block. All parts of one value belong to one phase.
        """
        gradient = self._memory.gradient(value)
        if value not in self._written:
            self._written.add(value)
            yield gradient
            return
        part = self._memory.gradient_part(value)
        yield part
        if gradient.dtype == np.float32:
            features = math.prod(memory.memory_shape(value))
            rows, gap = (
                (len(gradient), memory.row_stride(gradient)) if value.batched else (1, features)
            )
            kernel = arithmetic.accumulate(features, gap)
            self._actions.call(kernel, gradient, part, total=rows, phase=phase)
        else:
            self._actions.run_python(lambda: _add_in_place(gradient, part), phase)


def _add_in_place(target: Array, part: Array) -> None:
    target += part
