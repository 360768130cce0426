"""Activation functions as modules."""

from __future__ import annotations

from .. import functional as F
from ..tensor import Tensor
from .base import Module


class ReLU(Module):
    """max(x, 0); see `functional.relu`."""

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.relu(inp)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.tanh(inp)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.sigmoid(inp)


class Softmax(Module):
    """exp x / Σ exp x along an axis; see `functional.softmax`.

    Parameters
    ----------
    axis : axis of the sum
    """

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, inp: Tensor) -> Tensor:
        """Return the softmax, of the input's shape."""
        return F.softmax(inp, self.axis)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"axis={self.axis}"


class GELU(Module):
    """x · Φ(x); see `functional.gelu`.

    Parameters
    ----------
    approximate : use the approximation with tanh
    """

    def __init__(self, approximate: bool = False) -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, inp: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.gelu(inp, self.approximate)

    def extra_repr(self) -> str:
        """Return the form, if it is not the exact one."""
        return "approximate=True" if self.approximate else ""
