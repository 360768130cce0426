"""Nonlinearities as modules."""

from __future__ import annotations

from .. import functional as F
from ..tensor import Tensor
from .base import Module


class ReLU(Module):
    """max(x, 0); see `functional.relu`."""

    def forward(self, inp: Tensor) -> Tensor:
        """Compute it for each element."""
        return F.relu(inp)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, inp: Tensor) -> Tensor:
        """Compute it for each element."""
        return F.tanh(inp)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, inp: Tensor) -> Tensor:
        """Compute it for each element."""
        return F.sigmoid(inp)


class GELU(Module):
    """x · Φ(x); see `functional.gelu`.

    Parameters
    ----------
    approximate : use the form with tanh
    """

    def __init__(self, approximate: bool = False) -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, inp: Tensor) -> Tensor:
        """Compute it for each element."""
        return F.gelu(inp, self.approximate)

    def extra_repr(self) -> str:
        """Say which form it is, if not the exact one."""
        return "approximate=True" if self.approximate else ""
