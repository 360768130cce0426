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
        return np.asarray(np.sum(x, reduced, keepdims=self.keepdims)), (x.shape, reduced)

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
        total = np.asarray(np.mean(x, reduced, keepdims=self.keepdims))
        return total, (x.shape, reduced, count)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, reduced, count = saved
        return (_broadcast(np.asarray(grad / count), shape, reduced),)
