"""Order and position: largest element, sorting, gathering, scattering, running sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import IndexRangeError, ShapeError
from . import checks
from .base import Array, Op


@dataclass(frozen=True, slots=True)
class ArgExtreme(Op):
    """The position of the largest or smallest element, int32: ``kind`` is "argmax" or "argmin".

    Without an axis, the position in the flat array. Of equal elements the first; a NaN wins.
    """

    name: ClassVar[str] = "arg_extreme"
    differentiable: ClassVar[bool] = False
    kind: str
    axis: int | None = None
    keepdims: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        axis = None if self.axis is None else checks.axis(self.kind, x, self.axis)
        if (x.size if axis is None else x.shape[axis]) == 0:
            raise ShapeError(f"{self.kind}: there is no element in the shape {x.shape}")
        position = getattr(np, self.kind)(x, axis, keepdims=self.keepdims)
        return np.asarray(position, np.int32), None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (None,)


@dataclass(frozen=True, slots=True)
class ArgSort(Op):
    """The positions that sort the last axis, int32; equal elements keep their order."""

    name: ClassVar[str] = "argsort"
    differentiable: ClassVar[bool] = False
    descending: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        if x.ndim == 0:
            raise ShapeError("argsort: the input is a single number; it must have an axis")
        if not self.descending:
            return np.argsort(x, -1, kind="stable").astype(np.int32), None
        backward = np.argsort(x[..., ::-1], -1, kind="stable")[..., ::-1]
        return np.ascontiguousarray(x.shape[-1] - 1 - backward, np.int32), None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (None,)


@dataclass(frozen=True, slots=True)
class Gather(Op):
    """Elements along an axis by their positions. Inputs: x, and integers of x's other sizes."""

    name: ClassVar[str] = "gather"
    axis: int

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, index = inputs
        axis = check_index(self.name, x, index, self.axis)
        return np.take_along_axis(x, index, axis), (x.shape, index, axis)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, index, axis = saved
        d_x = np.zeros(shape, grad.dtype)
        np.add.at(d_x, along_axis(index, axis), grad)
        return d_x, None


@dataclass(frozen=True, slots=True)
class Scatter(Op):
    """The first input, with the elements at some positions along an axis replaced.

    Inputs: x, positions (whole numbers) and new values, both of one shape.
    """

    name: ClassVar[str] = "scatter"
    axis: int

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, index, source = inputs
        axis = check_index(self.name, x, index, self.axis)
        if source.shape != index.shape:
            raise ShapeError(
                f"scatter: the index has shape {index.shape}, the source {source.shape}"
            )
        output = x.copy()
        output[along_axis(index, axis)] = source
        return output, (index, axis)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        index, axis = saved
        places = along_axis(index, axis)
        d_x = None
        if needs[0]:
            d_x = grad.copy()
            d_x[places] = 0
        return d_x, None, grad[places] if needs[2] else None


@dataclass(frozen=True, slots=True)
class CumulativeSum(Op):
    """The sum of the elements so far along an axis."""

    name: ClassVar[str] = "cumsum"
    axis: int

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        axis = checks.axis(self.name, x, self.axis)
        return np.cumsum(x, axis, dtype=np.int32 if x.dtype.kind == "b" else x.dtype), axis

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (np.flip(np.cumsum(np.flip(grad, saved), saved), saved),)


@dataclass(frozen=True, slots=True)
class Inverse(Op):
    """The inverses of square matrices."""

    name: ClassVar[str] = "matinv"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        checks.floating(self.name, input=x)
        if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
            raise ShapeError(f"matinv: the matrices are square, but the shape is {x.shape}")
        try:
            output = np.linalg.inv(x)
        except np.linalg.LinAlgError as error:
            raise ShapeError("matinv: a matrix has no inverse") from error
        return output, output

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        turned = saved.swapaxes(-1, -2)
        return (-(turned @ grad @ turned),)


def check_index(name: str, x: Array, index: Array, axis: int) -> int:
    """Check positions along an axis, and return the axis counted from the front.

    Raises
    ------
    ShapeError : the index has another number of axes, or is larger than x beside the axis
    IndexRangeError : a position is out of range, or not a whole number
    """
    axis = checks.axis(name, x, axis)
    fits = index.ndim == x.ndim and all(
        i == axis or n <= m for i, (n, m) in enumerate(zip(index.shape, x.shape, strict=True))
    )
    if not fits:
        raise ShapeError(
            f"{name}: the index has shape {index.shape}, which does not fit {x.shape} along "
            f"axis {axis}"
        )
    if index.dtype.kind not in "iu":
        raise IndexRangeError(f"{name}: the index holds whole numbers, but is {index.dtype}")
    size = x.shape[axis]
    if index.size and (index.min() < 0 or index.max() >= size):
        raise IndexRangeError(
            f"{name}: the index goes from {index.min()} to {index.max()}; with {size} elements it "
            f"must be 0 to {size - 1}"
        )
    return axis


def along_axis(index: Array, axis: int) -> tuple[Array, ...]:
    """Return the NumPy index of positions along an axis."""
    places: list[Array] = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[axis] = index
    return tuple(places)
