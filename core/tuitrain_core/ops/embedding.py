"""Embedding: rows of a table, looked up by index."""

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
    """weight[index]: the rows of a weight at whole-numbered indices.

    Shapes: index (...), whole numbers; weight (rows, features); output (..., features). A row
    that is looked up several times gets the sum of its gradients.
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
        d_weight = np.zeros_like(weight)
        np.add.at(d_weight, index, grad)
        return None, d_weight

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
