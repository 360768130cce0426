"""Dropout."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..ops import checks
from ..tensor import Tensor
from .base import Module


class Dropout(Module):
    """Set elements to zero at random in training mode; see `functional.dropout`.

    Parameters
    ----------
    drop_prob : probability that an element is dropped, in [0, 1)

    Raises
    ------
    CoreError : the probability is out of range
    """

    def __init__(self, drop_prob: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        checks.fraction("Dropout", "the probability", drop_prob)
        self.drop_prob = drop_prob

    def forward(self, inp: Tensor) -> Tensor:
        """Drop elements in training mode; otherwise return the input."""
        return F.dropout(inp, self.drop_prob, self.training)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"{self.drop_prob}"
