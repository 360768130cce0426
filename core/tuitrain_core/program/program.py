"""The recorded step: traced once, then run over memory that stays where it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ops.base import Array
from ..tensor import Parameter, Tensor
from .executor import Executable
from .graph import Graph, Value
from .lowering import lower
from .memory import Workspace, public
from .plan import Plan


class Program:
    """A step of training, from a batch to gradients.

    Parameters
    ----------
    graph : what the step computes
    capacity : samples in the largest batch
    """

    def __init__(self, graph: Graph, capacity: int) -> None:
        self._graph = graph
        self._workspace = Workspace(capacity)
        self._layers = lower(graph)
        self._leaves = {
            id(each.tensor): each
            for node in graph.nodes
            for each in node.inputs
            if each.tensor is not None
        }
        self._used = _ancestors(graph)
        self._executables: dict[tuple[int, tuple[int, ...]], Executable] = {}

    def images(self, rows: int) -> Array:
        """Return the memory that takes a batch's images: a view of shape (rows, C, H, W)."""
        value = self._graph.images
        return public(self._workspace.of(value, "value", rows), value)

    def labels(self, rows: int) -> Array:
        """Return the memory that takes a batch's labels: int32 (rows,)."""
        return self._workspace.of(self._graph.labels, "value", rows)

    def differentiate(self, rows: int, trained: Sequence[Parameter]) -> float:
        """Compute loss and gradients of the batch that `images` and `labels` hold.

        Parameters
        ----------
        rows : samples in the batch
        trained : the parameters whose ``grad`` is wanted; it is the same memory in every step.
            Nothing is computed that only other parameters would need.

        Returns
        -------
        The loss.
        """
        self._executable(rows, trained).run()
        for parameter in trained:
            parameter.grad = self._gradient(parameter)
        return float(self._workspace.of(self._graph.loss, "value", rows).item())

    def _executable(self, rows: int, trained: Sequence[Parameter]) -> Executable:
        key = rows, tuple(map(id, trained))
        found = self._executables.get(key)
        if found is None:
            found = self._executables[key] = Executable(self._plan(rows, trained))
        return found

    def _gradient(self, parameter: Parameter) -> Tensor | None:
        """Return a parameter's gradient as a tensor; None if the loss does not depend on it."""
        value = self._leaves.get(id(parameter))
        if value is None or value not in self._used:
            return None
        return Tensor(self._workspace.of(value, "gradient", 0))

    def _plan(self, rows: int, trained: Sequence[Tensor]) -> Plan:
        plan = Plan(self._graph, self._workspace, rows, trained)
        for layer in self._layers:
            layer.forward(plan)
        if plan.needs(self._graph.loss):
            with plan.into(self._graph.loss) as seed:
                seed[...] = 1.0
        for layer in reversed(self._layers):
            if plan.differentiable(layer.output):
                layer.backward(plan)
        return plan


def _ancestors(graph: Graph) -> set[Value]:
    """Return every value that the loss depends on."""
    found = {graph.loss}
    for node in reversed(graph.nodes):
        if node.output in found:
            found |= set(node.inputs)
    return found
