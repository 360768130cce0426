"""Embedding: rows of a table, looked up by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import CoreError
from . import checks
from .base import Array, Op


@dataclass(frozen=True, slots=True)
class Embedding(Op):
    """weight[index]: for each whole number in ``index`` that row of the weight.

    Shapes: index (...), whole numbers; weight (rows, features); output (..., features). Rows that
    are looked up several times get the sum of the gradients.
    """

    name: ClassVar[str] = "embedding"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        index, weight = inputs
        self._check(index, weight)
        return weight[index], (index, weight)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        index, weight = saved
        if not needs[1]:
            return None, None
        spread = np.zeros_like(weight)
        np.add.at(spread, index, grad)
        return None, spread

    def _check(self, index: Array, weight: Array) -> None:
        checks.floating(self.name, weight=weight)
        checks.axes(self.name, "weight", weight, 2, "(rows, features)")
        if index.dtype.kind not in "iu":
            raise CoreError(
                f"embedding: the index holds whole numbers, but is {index.dtype} "
                "(astype('int32') converts)"
            )
        rows = len(weight)
        wrong = np.argwhere((index < 0) | (index >= rows))
        if len(wrong):
            place = tuple(int(i) for i in wrong[0])
            raise CoreError(
                f"embedding: the index at {place} is {index[place]}; "
                f"with {rows} rows it must be 0 to {rows - 1}"
            )
