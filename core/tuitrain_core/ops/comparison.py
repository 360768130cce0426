"""Comparisons, logic and operations on bits. No gradient flows through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import CoreError
from .base import Array, Op
from .elementwise import check_broadcast, promote


class _WithoutGradient(Op):
    differentiable: ClassVar[bool] = False

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (None,) * len(needs)


@dataclass(frozen=True, slots=True)
class Compare(_WithoutGradient):
    """A comparison of elements by the NumPy function ``kind``; the output is bool."""

    name: ClassVar[str] = "compare"
    kind: str

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = promote(self.kind, *inputs)
        return np.asarray(getattr(np, self.kind)(a, b)), None


@dataclass(frozen=True, slots=True)
class Bitwise(_WithoutGradient):
    """An operation on the bits of whole numbers, or on booleans, by a NumPy function."""

    name: ClassVar[str] = "bitwise"
    kind: str

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        check_broadcast(self.kind, a, b)
        if "f" in (a.dtype.kind, b.dtype.kind):
            raise CoreError(
                f"{self.kind}: takes whole numbers or booleans, not {a.dtype} and {b.dtype}"
            )
        return np.asarray(getattr(np, self.kind)(*promote(self.kind, a, b))), None


@dataclass(frozen=True, slots=True)
class Invert(_WithoutGradient):
    """Not, of booleans; all bits inverted, of whole numbers."""

    name: ClassVar[str] = "invert"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        if x.dtype.kind == "f":
            raise CoreError(f"invert: takes whole numbers or booleans, not {x.dtype}")
        return np.asarray(np.invert(x)), None


@dataclass(frozen=True, slots=True)
class Test(_WithoutGradient):
    """A property of each element, by a NumPy function: isnan or isinf."""

    name: ClassVar[str] = "test"
    kind: str

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        return np.asarray(getattr(np, self.kind)(inputs[0])), None
