"""Reshaping, transposition and indexing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, ClassVar

import numpy as np

from ..errors import IndexRangeError, ShapeError
from . import checks
from .base import Array, Op
from .elementwise import unbroadcast


@dataclass(frozen=True, slots=True)
class Reshape(Op):
    """The same elements, in order, under another shape; one size may be -1."""

    name: ClassVar[str] = "reshape"
    sizes: tuple[int, ...]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        try:
            return x.reshape(self.sizes), x.shape
        except ValueError as error:
            raise ShapeError(
                f"reshape: the {x.size} elements of shape {x.shape} do not fit {self.sizes}"
            ) from error

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (grad.reshape(saved),)


@dataclass(frozen=True, slots=True)
class Flatten(Op):
    """The axes from ``start`` to ``end``, both included, merged into one."""

    name: ClassVar[str] = "flatten"
    start: int = 0
    end: int = -1

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        if x.ndim == 0:
            return x.reshape(1), x.shape
        start, end = (checks.axis(self.name, x, axis) for axis in (self.start, self.end))
        if start > end:
            raise ShapeError(f"flatten: axis {self.start} comes after {self.end} in {x.shape}")
        # The size is computed, because -1 is ambiguous for an empty batch.
        merged = math.prod(x.shape[start : end + 1])
        return x.reshape(*x.shape[:start], merged, *x.shape[end + 1 :]), x.shape

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (grad.reshape(saved),)


@dataclass(frozen=True, slots=True)
class Transpose(Op):
    """The axes in another order."""

    name: ClassVar[str] = "transpose"
    order: tuple[int, ...]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        order = tuple(checks.axis(self.name, x, axis) for axis in self.order)
        if sorted(order) != list(range(x.ndim)):
            raise ShapeError(f"transpose: {self.order} does not order the axes of {x.shape}")
        return np.transpose(x, order), np.argsort(order)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (np.transpose(grad, saved),)


@dataclass(frozen=True, slots=True)
class Index(Op):
    """Elements selected by a NumPy index."""

    name: ClassVar[str] = "index"
    index: Any

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        try:
            return np.asarray(x[self.index]), x
        except IndexError as error:
            raise IndexRangeError(
                f"index: {self.index!r} does not fit the shape {x.shape}"
            ) from error

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        d_x = np.zeros_like(saved)
        if self._may_repeat():
            np.add.at(d_x, self.index, grad)
        else:
            d_x[self.index] = grad
        return (d_x,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Index) and _equal(self.index, other.index)

    def __hash__(self) -> int:
        return hash(self.name)  # arrays and slices have no hash

    def _may_repeat(self) -> bool:
        """Return whether an element can be selected twice: only lists and arrays can."""
        parts = self.index if isinstance(self.index, tuple) else (self.index,)
        return not all(
            part is None or isinstance(part, slice | int | np.integer | EllipsisType)
            for part in parts
        )


@dataclass(frozen=True, slots=True)
class SetItem(Op):
    """The first input, with the elements that a NumPy index selects replaced by the second."""

    name: ClassVar[str] = "set_item"
    index: Any

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, values = inputs
        output = x.copy()
        try:
            output[self.index] = values
        except (IndexError, ValueError) as error:
            raise IndexRangeError(
                f"index: {self.index!r} of the shape {x.shape} does not take values of shape "
                f"{values.shape}"
            ) from error
        return output, values

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        d_x = None
        if needs[0]:
            d_x = grad.copy()
            d_x[self.index] = 0
        return d_x, unbroadcast(np.asarray(grad[self.index]), saved) if needs[1] else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SetItem) and _equal(self.index, other.index)

    def __hash__(self) -> int:
        return hash(self.name)


def _equal(one: Any, other: Any) -> bool:
    """Return whether two indices are equal, arrays by value."""
    if isinstance(one, tuple):
        same_length = isinstance(other, tuple) and len(one) == len(other)
        return same_length and all(map(_equal, one, other))
    if isinstance(one, np.ndarray | list):
        return type(one) is type(other) and np.array_equal(one, other)
    return type(one) is type(other) and bool(one == other)
