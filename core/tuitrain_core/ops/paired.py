"""Functions of two elements: extremes, powers, division with remainder; and the choice of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import CoreError
from .base import Array, Op
from .elementwise import as_floating, check_broadcast, promote, unbroadcast


@dataclass(frozen=True, slots=True)
class Maximum(Op):
    """The larger of two elements, or the smaller if not ``largest``; NaN wins.

    Of equal elements the first gets the gradient, and the second none.
    """

    name: ClassVar[str] = "maximum"
    largest: bool = True

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        x, y = promote(self.name, a, b)
        output = np.maximum(x, y) if self.largest else np.minimum(x, y)
        first = (output == x) | np.isnan(x)
        return output, (a, b, first)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b, first = saved
        return (
            unbroadcast(grad * first, a) if needs[0] else None,
            unbroadcast(grad * ~first, b) if needs[1] else None,
        )


@dataclass(frozen=True, slots=True)
class Clip(Op):
    """x limited to [lower, upper]; outside the gradient is 0. NaN stays NaN."""

    name: ClassVar[str] = "clip"
    lower: float | None
    upper: float | None

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        whole = all(limit is None or limit == int(limit) for limit in (self.lower, self.upper))
        values = x if x.dtype.kind in "iu" and whole else as_floating(x)
        output = values
        if self.lower is not None:
            output = np.maximum(output, np.asarray(self.lower, values.dtype))
        if self.upper is not None:
            output = np.minimum(output, np.asarray(self.upper, values.dtype))
        return output.copy() if output is x else output, (output == values) | np.isnan(values)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (grad * saved,)


@dataclass(frozen=True, slots=True)
class PowerOf(Op):
    """x to the power y, both tensors."""

    name: ClassVar[str] = "power_of"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        x, y = (as_floating(value) for value in promote(self.name, a, b))
        output = np.power(x, y)
        return output, (a, b, output)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b, output = saved
        d_a = d_b = None
        if needs[0]:
            slope = np.where(b == 0, 0, b * np.power(as_floating(a), b - 1))
            d_a = unbroadcast(grad * slope, a)
        if needs[1]:
            d_b = unbroadcast(grad * np.where(output == 0, 0, output * np.log(a)), b)
        return d_a, d_b


@dataclass(frozen=True, slots=True)
class FloorDivide(Op):
    """The quotient rounded down; no gradient flows through it."""

    name: ClassVar[str] = "floor_divide"
    differentiable: ClassVar[bool] = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, y = promote(self.name, *inputs)
        return np.floor_divide(x, y), None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return None, None


@dataclass(frozen=True, slots=True)
class Modulo(Op):
    """The remainder: of whole numbers with the divisor's sign, of others with the dividend's."""

    name: ClassVar[str] = "modulo"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        x, y = promote(self.name, a, b)
        output = np.fmod(x, y) if x.dtype.kind == "f" else np.mod(x, y)
        return output, (a, b)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b = saved
        return (
            unbroadcast(grad, a) if needs[0] else None,
            unbroadcast(-grad * np.trunc(a / b), b) if needs[1] else None,
        )


@dataclass(frozen=True, slots=True)
class Atan2(Op):
    """The angle of the point (x, y), from -π to π. Inputs: y, x."""

    name: ClassVar[str] = "atan2"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        y, x = (as_floating(value) for value in promote(self.name, *inputs))
        return np.arctan2(y, x), (y, x)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        y, x = saved
        square = x * x + y * y
        return (
            unbroadcast(grad * x / square, y) if needs[0] else None,
            unbroadcast(-grad * y / square, x) if needs[1] else None,
        )


@dataclass(frozen=True, slots=True)
class Where(Op):
    """Elements of the second input where the first is True, else of the third."""

    name: ClassVar[str] = "where"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        mask, a, b = inputs
        if mask.dtype.kind != "b":
            raise CoreError(f"where: the mask is {mask.dtype}; it must be bool")
        x, y = promote(self.name, a, b)
        check_broadcast(self.name, mask, np.broadcast_to(x, np.broadcast_shapes(x.shape, y.shape)))
        return np.where(mask, x, y), (mask, a, b)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        mask, a, b = saved
        zero = np.zeros((), grad.dtype)
        return (
            None,
            unbroadcast(np.where(mask, grad, zero), a) if needs[1] else None,
            unbroadcast(np.where(mask, zero, grad), b) if needs[2] else None,
        )
