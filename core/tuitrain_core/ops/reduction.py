"""Sums and averages along axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op
from .elementwise import as_floating

Axes = tuple[int, ...] | None


def as_axes(axis: int | Sequence[int] | None) -> Axes:
    """Return axes as a tuple; None means all axes.

    Raises
    ------
    CoreError : the axes are not whole numbers
    """
    return None if axis is None else checks.as_sizes("axis", axis)


def _resolve(name: str, x: Array, axes: Axes) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(x.ndim))
    resolved = tuple(checks.axis(name, x, axis) for axis in axes)
    if len(set(resolved)) != len(resolved):
        raise ShapeError(f"{name}: the axes {axes} name one axis of {x.shape} twice")
    return resolved


def _broadcast(grad: Array, shape: tuple[int, ...], reduced: tuple[int, ...]) -> Array:
    """Broadcast the gradient of a reduction along the reduced axes."""
    kept = tuple(1 if i in reduced else n for i, n in enumerate(shape))
    return np.broadcast_to(grad.reshape(kept), shape)


@dataclass(frozen=True, slots=True)
class Sum(Op):
    """The sum along some axes."""

    name: ClassVar[str] = "sum"
    axis: Axes = None
    keepdims: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        reduced = _resolve(self.name, x, self.axis)
        total = np.sum(x, reduced, dtype=_result_dtype(x), keepdims=self.keepdims)
        return np.asarray(total), (x.shape, reduced)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, reduced = saved
        return (_broadcast(grad, shape, reduced),)


@dataclass(frozen=True, slots=True)
class Mean(Op):
    """The average along some axes."""

    name: ClassVar[str] = "mean"
    axis: Axes = None
    keepdims: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        reduced = _resolve(self.name, x, self.axis)
        count = math.prod(x.shape[i] for i in reduced)
        if count == 0:
            raise ShapeError(f"mean: there is nothing to average in the shape {x.shape}")
        total = np.asarray(np.mean(as_floating(x), reduced, keepdims=self.keepdims))
        return total, (x.shape, reduced, count)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, reduced, count = saved
        return (_broadcast(np.asarray(grad / count), shape, reduced),)


@dataclass(frozen=True, slots=True)
class Extreme(Op):
    """The largest or smallest element along some axes: ``kind`` is "max" or "min". NaN wins.

    Of several equal elements the first gets the gradient.
    """

    name: ClassVar[str] = "extreme"
    kind: str
    axis: Axes = None
    keepdims: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        reduced = _resolve(self.kind, x, self.axis)
        count = math.prod(x.shape[i] for i in reduced)
        if count == 0:
            raise ShapeError(f"{self.kind}: there is no element in the shape {x.shape}")
        kept = tuple(i for i in range(x.ndim) if i not in reduced)
        rows = x.transpose(*kept, *reduced).reshape(*(x.shape[i] for i in kept), count)
        chosen = rows.argmax(-1) if self.kind == "max" else rows.argmin(-1)
        values = np.take_along_axis(rows, chosen[..., None], -1)[..., 0]
        output = values.reshape(_kept_shape(x, reduced)) if self.keepdims else values
        return np.asarray(output), (x.shape, kept, reduced, chosen)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, kept, reduced, chosen = saved
        count = math.prod(shape[i] for i in reduced)
        rows = np.zeros((*(shape[i] for i in kept), count), grad.dtype)
        np.put_along_axis(rows, chosen[..., None], grad.reshape(chosen.shape)[..., None], -1)
        order = (*kept, *reduced)
        return (rows.reshape([shape[i] for i in order]).transpose(np.argsort(order)),)


@dataclass(frozen=True, slots=True)
class Product(Op):
    """The product along some axes."""

    name: ClassVar[str] = "prod"
    axis: Axes = None
    keepdims: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        reduced = _resolve(self.name, x, self.axis)
        output = np.prod(x, reduced, dtype=_result_dtype(x), keepdims=self.keepdims)
        return np.asarray(output), (x, reduced)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        x, reduced = saved
        kept = tuple(i for i in range(x.ndim) if i not in reduced)
        order = (*kept, *reduced)
        moved = x.transpose(order)
        rows = moved.reshape(*(x.shape[i] for i in kept), -1)
        # The product of the others: those before times those after, so that a 0 does no harm.
        before, after = np.ones_like(rows), np.ones_like(rows)
        before[..., 1:] = np.cumprod(rows[..., :-1], -1)
        after[..., :-1] = np.cumprod(rows[..., :0:-1], -1)[..., ::-1]
        slope = before * after * grad.reshape(*rows.shape[:-1], 1)
        return (slope.reshape(moved.shape).transpose(np.argsort(order)),)


def _kept_shape(x: Array, reduced: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if i in reduced else n for i, n in enumerate(x.shape))


def _result_dtype(x: Array) -> Any:
    """Return the dtype of a sum or product: that of the elements, and int32 of booleans."""
    return np.int32 if x.dtype.kind == "b" else x.dtype
