"""Dropout: elements set to zero, by a mask that the caller has drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op


@dataclass(frozen=True, slots=True)
class Dropout(Op):
    """x · keep / (1 - drop_prob), whose expected value is x.

    Source: Srivastava et al., "Dropout", 2014, in the form that scales during training.
    Inputs: x, and keep, booleans of the same shape. ``drop_prob`` is in [0, 1).
    """

    name: ClassVar[str] = "dropout"
    drop_prob: float

    def __post_init__(self) -> None:
        checks.fraction(self.name, "the probability", self.drop_prob)

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, keep = inputs
        checks.floating(self.name, input=x)
        if keep.shape != x.shape:
            raise ShapeError(f"dropout: the mask has shape {keep.shape}, the input {x.shape}")
        return self._masked(x, keep), keep

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return self._masked(grad, saved), None

    def _masked(self, x: Array, keep: Array) -> Array:
        output = np.multiply(x, keep)
        output *= 1.0 / (1.0 - self.drop_prob)
        return output
