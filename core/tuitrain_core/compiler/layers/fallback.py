"""The layer of operations without a kernel: runs their Python code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import random
from ...ops.base import Array, Op
from ...ops.dropout import Dropout
from ...ops.shape import Reshape
from ..graph import Node, Role, Value
from ..planning import memory
from ..planning.call import PythonWork
from ..planning.plan import Plan


class FallbackLayer:
    """Runs ``forward`` and ``backward`` of an operation, as the eager tier does."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.output = node.output
        self._saved: Any = None

    def forward(self, plan: Plan) -> None:
        """Plan a call of the operation."""
        op, output = self._operation(plan), self._node.output
        readers = [self._reader(plan, value) for value in self._node.inputs]
        result = plan.memory.public_value(output)

        def run() -> None:
            with np.errstate(all="ignore"):
                values, self._saved = op.forward(*[read() for read in readers])
            result[...] = values

        plan.actions.run_python(run)

    def backward(self, plan: Plan) -> None:
        """Plan a call of the operation's backward pass."""
        needs = [plan.gradients.needs(value) for value in self._node.inputs]
        grad = memory.public_view(plan.memory.gradient(self._node.output), self._node.output)
        op = self._operation(plan)
        parts: list[Array | None] = []

        def run() -> None:
            with np.errstate(all="ignore"):
                parts[:] = op.backward(self._saved, np.ascontiguousarray(grad), needs)

        plan.actions.run_python(run)
        for index, value in enumerate(self._node.inputs):
            if needs[index]:
                with plan.gradients.target(value) as target:
                    store = _store(parts, index, memory.public_view(target, value))
                    plan.actions.run_python(store)

    def _operation(self, plan: Plan) -> Op:
        """Return the operation for the plan's batch size."""
        op, output = self._node.op, self._node.output
        return Reshape((plan.rows, *output.shape)) if _has_batch_size(op, output) else op

    def _reader(self, plan: Plan, value: Value) -> Any:
        """Return a function that reads an input's current values."""
        if value.role is Role.RANDOM:
            return _mask_drawer(self._node.op, (plan.rows, *value.shape))
        array = plan.memory.public_value(value)
        return lambda: np.ascontiguousarray(array).reshape(array.shape)


def _has_batch_size(op: Op, output: Value) -> bool:
    return isinstance(op, Reshape) and output.batched


def _store(parts: Sequence[Array | None], index: int, target: Array) -> PythonWork:
    """Return work that stores a part, or zeros if there is none."""

    def run() -> None:
        part = parts[index]
        target[...] = 0.0 if part is None else part

    return run


def _mask_drawer(op: Any, shape: tuple[int, ...]) -> Any:
    """Return a function that draws a mask as `functional.dropout` does."""
    assert isinstance(op, Dropout)
    drop_prob = np.float32(op.drop_prob)
    return lambda: random.generator().random(shape, dtype=np.float32) >= drop_prob
