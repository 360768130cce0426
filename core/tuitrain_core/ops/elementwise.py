"""Arithmetic with broadcasting, and functions of each element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op


def unbroadcast(grad: Array, like: Array) -> Array:
    """Sum ``grad`` over the axes along which ``like`` was broadcast to its shape."""
    if grad.shape != like.shape:
        lead = grad.ndim - like.ndim
        repeated = [
            lead + i for i, n in enumerate(like.shape) if n == 1 and grad.shape[lead + i] != 1
        ]
        grad = grad.sum((*range(lead), *repeated)).reshape(like.shape)
    return grad.astype(like.dtype, copy=False)


def _same_shape(name: str, a: Array, b: Array) -> None:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        raise ShapeError(f"{name}: the shapes {a.shape} and {b.shape} do not fit") from error


@dataclass(frozen=True, slots=True)
class Add(Op):
    """a + b."""

    name: ClassVar[str] = "add"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        _same_shape(self.name, a, b)
        return np.add(a, b), (a, b)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b = saved
        return (
            unbroadcast(grad, a) if needs[0] else None,
            unbroadcast(grad, b) if needs[1] else None,
        )


@dataclass(frozen=True, slots=True)
class Subtract(Op):
    """a - b."""

    name: ClassVar[str] = "subtract"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        _same_shape(self.name, a, b)
        return np.subtract(a, b), (a, b)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b = saved
        return (
            unbroadcast(grad, a) if needs[0] else None,
            unbroadcast(-grad, b) if needs[1] else None,
        )


@dataclass(frozen=True, slots=True)
class Multiply(Op):
    """a · b."""

    name: ClassVar[str] = "multiply"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        _same_shape(self.name, a, b)
        return np.multiply(a, b), (a, b)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b = saved
        return (
            unbroadcast(grad * b, a) if needs[0] else None,
            unbroadcast(grad * a, b) if needs[1] else None,
        )


@dataclass(frozen=True, slots=True)
class Divide(Op):
    """a / b."""

    name: ClassVar[str] = "divide"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        _same_shape(self.name, a, b)
        return np.divide(a, b), (a, b)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b = saved
        return (
            unbroadcast(grad / b, a) if needs[0] else None,
            # a / b / b, because b² overflows and underflows before the gradient does
            unbroadcast(-grad * (a / b / b), b) if needs[1] else None,
        )


@dataclass(frozen=True, slots=True)
class Power(Op):
    """x to a constant power."""

    name: ClassVar[str] = "power"
    exponent: float

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        return np.power(x, self.exponent), x

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        if self.exponent == 0.0:  # at x = 0 the formula below would give 0 · inf
            return (np.zeros_like(grad),)
        return (grad * (self.exponent * np.power(saved, self.exponent - 1.0)),)


@dataclass(frozen=True, slots=True)
class Exp(Op):
    """The exponential function."""

    name: ClassVar[str] = "exp"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        checks.floating(self.name, input=x)
        output = np.exp(x)
        return output, output

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (grad * saved,)


@dataclass(frozen=True, slots=True)
class Log(Op):
    """The natural logarithm: -inf at 0, NaN below."""

    name: ClassVar[str] = "log"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        checks.floating(self.name, input=x)
        return np.log(x), x

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (grad / saved,)


@dataclass(frozen=True, slots=True)
class AsType(Op):
    """Conversion to another dtype; no gradient flows through it."""

    name: ClassVar[str] = "astype"
    dtype: np.dtype[Any]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        return x.astype(self.dtype), None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (None,)
