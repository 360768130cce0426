"""What a layer of a recorded step is."""

from __future__ import annotations

from typing import Protocol

from ..graph import Value
from ..planning.plan import Plan


class Layer(Protocol):
    """One operation of the graph, or several in one.

    Both methods append to a plan what is to be done.

    Attributes
    ----------
    output : the value that the layer computes
    """

    output: Value

    def forward(self, plan: Plan) -> None:
        """Plan the computation of the output."""
        ...

    def backward(self, plan: Plan) -> None:
        """Plan the computation of the gradients of those inputs of which the plan needs them.

        Asked for only if the gradient of the output is there by then.
        """
        ...
