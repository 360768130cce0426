"""Joining and repeating arrays, and adding to their edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import CoreError, ShapeError
from . import checks
from .base import Array, Op
from .elementwise import unbroadcast

MODES = {"constant": "constant", "replicate": "edge", "reflect": "reflect"}
"""MegEngine's names of the ways to pad, with NumPy's."""


@dataclass(frozen=True, slots=True)
class Concat(Op):
    """Arrays one after the other along an axis."""

    name: ClassVar[str] = "concat"
    axis: int = 0

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        axis = checks.axis(self.name, inputs[0], self.axis)
        dtype = np.result_type(*(x.dtype for x in inputs))
        if dtype == np.float64 and not any(x.dtype == np.float64 for x in inputs):
            dtype = np.dtype(np.float32)
        try:
            output = np.concatenate(inputs, axis, dtype=dtype)
        except ValueError as error:
            shapes = ", ".join(str(x.shape) for x in inputs)
            raise ShapeError(f"concat: {shapes} do not fit along axis {axis}") from error
        return output, (axis, [x.shape[axis] for x in inputs])

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        axis, sizes = saved
        parts = np.split(grad, np.cumsum(sizes)[:-1], axis)
        return tuple(
            np.ascontiguousarray(part) if need else None
            for part, need in zip(parts, needs, strict=True)
        )


@dataclass(frozen=True, slots=True)
class BroadcastTo(Op):
    """Copies of the elements along new axes and axes of size 1."""

    name: ClassVar[str] = "broadcast_to"
    sizes: tuple[int, ...]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        try:
            return np.broadcast_to(x, self.sizes).copy(), x
        except ValueError as error:
            raise ShapeError(f"broadcast_to: {x.shape} does not fit {self.sizes}") from error

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (unbroadcast(grad, saved),)


@dataclass(frozen=True, slots=True)
class Repeat(Op):
    """Each element several times in a row along an axis."""

    name: ClassVar[str] = "repeat"
    repeats: int
    axis: int

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        axis = checks.axis(self.name, x, self.axis)
        checks.at_least_1(self.name, repeats=self.repeats)
        return np.repeat(x, self.repeats, axis), (x.shape, axis)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, axis = saved
        split = (*shape[: axis + 1], self.repeats, *shape[axis + 1 :])
        return (grad.reshape(split).sum(axis + 1),)


@dataclass(frozen=True, slots=True)
class Tile(Op):
    """The whole array several times along each axis."""

    name: ClassVar[str] = "tile"
    repeats: tuple[int, ...]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        if len(self.repeats) != x.ndim:
            raise ShapeError(f"tile: {self.repeats} is not one number for each axis of {x.shape}")
        return np.tile(x, self.repeats), x.shape

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        pairs = [n for pair in zip(self.repeats, saved, strict=True) for n in pair]
        return (grad.reshape(pairs).sum(tuple(range(0, len(pairs), 2))),)


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Elements added at both ends of each axis: ``mode`` is a key of `MODES`."""

    name: ClassVar[str] = "pad"
    widths: tuple[tuple[int, int], ...]
    mode: str = "constant"
    value: float = 0.0

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        if self.mode not in MODES:
            raise CoreError(f"pad: mode is one of {', '.join(MODES)}, not {self.mode!r}")
        if len(self.widths) > x.ndim:
            raise ShapeError(f"pad: {self.widths} has more axes than the shape {x.shape}")
        return self._pad(x), x.shape

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        if self.mode == "constant":
            inner = tuple(
                slice(low, low + n) for (low, _), n in zip(self._all(saved), saved, strict=True)
            )
            return (grad[inner].copy(),)
        places = Pad(self.widths, self.mode)._pad(np.arange(np.prod(saved)).reshape(saved))
        d_x = np.zeros(int(np.prod(saved)), grad.dtype)
        np.add.at(d_x, places.reshape(-1), grad.reshape(-1))
        return (d_x.reshape(saved),)

    def _pad(self, x: Array) -> Array:
        options = {"constant_values": self.value} if self.mode == "constant" else {}
        return np.pad(x, self._all(x.shape), MODES[self.mode], **options)  # type: ignore[call-overload]

    def _all(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return the widths of all axes; those that are not named have none."""
        return [*self.widths, *[(0, 0)] * (len(shape) - len(self.widths))]


@dataclass(frozen=True, slots=True)
class Dilate(Op):
    """Zeros between the elements of the last two axes: every ``steps``-th is the input's."""

    name: ClassVar[str] = "dilate"
    steps: tuple[int, int]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        sizes = [(n - 1) * step + 1 for n, step in zip(x.shape[-2:], self.steps, strict=True)]
        output = np.zeros((*x.shape[:-2], *sizes), x.dtype)
        output[..., :: self.steps[0], :: self.steps[1]] = x
        return output, None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (np.ascontiguousarray(grad[..., :: self.steps[0], :: self.steps[1]]),)
