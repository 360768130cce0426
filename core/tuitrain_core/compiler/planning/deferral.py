"""Gradients that are left to the update, and updates that are left to the next step.

A deferred gradient is computed block by block inside its update, so that it is never written to
memory and read again. A deferred update is made by the next step, when that reads the weights; see
`execution.pipelined`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ...ops.base import Array
from ..graph import Graph, Value
from .call import ScratchRing, StridedPointer

BlockwiseGradient: TypeAlias = Callable[[int, ScratchRing, int], None]
"""Plans a matrix's gradient, given the rows of a block, the memory of a block, and their number."""


@dataclass(frozen=True, slots=True, eq=False)
class DeferredUpdate:
    """An update that a step makes for the one before.

    Attributes
    ----------
    rule : its name; see `native.optim.update_rules`
    slots : the optimizer's state of the parameter
    scalars : the address of the rule's scalars
    """

    rule: str
    slots: Sequence[Array]
    scalars: StridedPointer


@dataclass(frozen=True, slots=True, eq=False)
class DeferralOptions:
    """The work that a step may defer.

    Attributes
    ----------
    gradients : parameters whose updates can take the gradient block by block, so that it need not
        be in memory after the step
    updates : parameters whose updates the next step can make
    due : the updates that the step before has deferred to this one
    """

    gradients: Collection[Value] = ()
    updates: Collection[Value] = ()
    due: Mapping[Value, DeferredUpdate] = field(default_factory=dict)


class Deferral:
    """The work that a planned step defers.

    Attributes
    ----------
    updates : the parameters whose updates are deferred to the next step
    due : the updates that the step before has deferred to this one
    """

    def __init__(self, graph: Graph, options: DeferralOptions) -> None:
        self.updates: set[Value] = set()
        self.due = options.due
        self._graph = graph
        self._options = options
        self._gradients: dict[Value, BlockwiseGradient] = {}

    def defer_update(self, value: Value) -> bool:
        """Defer a parameter's gradient and update to the next step, and return whether it can be.

        What the gradient is computed from must still be in memory then.
        """
        if value not in self._options.updates or self._is_shared(value):
            return False
        self.updates.add(value)
        return True

    def defer_gradient(self, value: Value, gradient: BlockwiseGradient) -> bool:
        """Defer a parameter's gradient to its update, and return whether it can be."""
        if value not in self._options.gradients or self._is_shared(value):
            return False
        self._gradients[value] = gradient
        return True

    def blockwise_gradient(self, value: Value) -> BlockwiseGradient | None:
        """Return how to compute a deferred gradient; None if the gradient is in memory."""
        return self._gradients.get(value)

    def _is_shared(self, value: Value) -> bool:
        return len(self._graph.consumers(value)) > 1
