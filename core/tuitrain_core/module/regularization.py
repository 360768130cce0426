"""Layers that act while training only."""

from __future__ import annotations

from .. import functional as F
from ..errors import CoreError
from ..tensor import Tensor
from .base import Module


class Dropout(Module):
    """Set elements to zero at random while training; see `functional.dropout`.

    Parameters
    ----------
    drop_prob : probability of each element to be dropped, in [0, 1)

    Raises
    ------
    CoreError : the probability is out of its range
    """

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        if not 0.0 <= drop_prob < 1.0:
            raise CoreError(f"Dropout: the probability is in [0, 1), not {drop_prob}")
        self.drop_prob = drop_prob

    def forward(self, inp: Tensor) -> Tensor:
        """Drop elements while training; otherwise return the input."""
        return F.dropout(inp, self.drop_prob, self.training)

    def extra_repr(self) -> str:
        """Say the probability."""
        return f"{self.drop_prob}"
