"""The interface of the layers of a recorded step."""

from __future__ import annotations

from typing import Protocol

from ..graph import Value
from ..planning.plan import Plan


class Layer(Protocol):
    """One operation of the graph, or several that are fused. Its methods add actions to a plan.

    Attributes
    ----------
    output : the value that the layer computes
    """

    output: Value

    def forward(self, plan: Plan) -> None:
        """Plan the computation of the output."""
        ...

    def backward(self, plan: Plan) -> None:
        """Plan the gradients of the inputs that need one.

        Called only if the gradient of the output has been planned.
        """
        ...
