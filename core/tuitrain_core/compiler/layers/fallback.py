"""Any operation, carried out by its own Python code: there for whatever has no kernel."""

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
        reads = [self._read(plan, each) for each in self._node.inputs]
        result = plan.public(output)

        def run() -> None:
            with np.errstate(all="ignore"):
                made, self._saved = op.forward(*[read() for read in reads])
            result[...] = made

        plan.work(run)

    def backward(self, plan: Plan) -> None:
        """Plan a call of the operation's backward pass."""
        needs = [plan.needs(each) for each in self._node.inputs]
        grad = memory.public_view(plan.gradient(self._node.output), self._node.output)
        op = self._operation(plan)
        parts: list[Array | None] = []

        def run() -> None:
            with np.errstate(all="ignore"):
                parts[:] = op.backward(self._saved, np.ascontiguousarray(grad), needs)

        plan.work(run)
        for place, value in enumerate(self._node.inputs):
            if needs[place]:
                with plan.into(value) as target:
                    plan.work(_store(parts, place, memory.public_view(target, value)))

    def _operation(self, plan: Plan) -> Op:
        """Return the operation for the plan's number of samples."""
        op, output = self._node.op, self._node.output
        return Reshape((plan.rows, *output.shape)) if _names_batch(op, output) else op

    def _read(self, plan: Plan, value: Value) -> Any:
        """Return a function that gives an input's present values."""
        if value.role is Role.RANDOM:
            return _draw(self._node.op, (plan.rows, *value.shape))
        array = plan.public(value)
        return lambda: np.ascontiguousarray(array).reshape(array.shape)


def _names_batch(op: Op, output: Value) -> bool:
    return isinstance(op, Reshape) and output.batched


def _store(parts: Sequence[Array | None], place: int, target: Array) -> Any:
    def run() -> None:
        part = parts[place]
        target[...] = 0.0 if part is None else part

    return run


def _draw(op: Any, shape: tuple[int, ...]) -> Any:
    """Return a function that draws a mask as `functional.dropout` does."""
    assert isinstance(op, Dropout)
    least = np.float32(op.drop_prob)
    return lambda: random.generator().random(shape, dtype=np.float32) >= least
