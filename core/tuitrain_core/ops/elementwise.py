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


def check_broadcast(name: str, a: Array, b: Array) -> None:
    """Check that two shapes can be broadcast to one."""
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        raise ShapeError(f"{name}: the shapes {a.shape} and {b.shape} do not fit") from error


def promote(name: str, a: Array, b: Array) -> tuple[Array, Array]:
    """Check the shapes, and return both operands in one dtype.

    Whole numbers become float32 beside floating-point ones, where NumPy would make float64.
    """
    check_broadcast(name, a, b)
    if a.dtype == b.dtype:
        return a, b
    dtype = np.result_type(a.dtype, b.dtype)
    if np.float64 in (a.dtype, b.dtype):
        return a, b
    if dtype == np.float64:
        dtype = np.dtype(np.float32)
    return a.astype(dtype, copy=False), b.astype(dtype, copy=False)


def as_floating(x: Array) -> Array:
    """Return an array of floating-point numbers: float32 for whole ones."""
    return x if x.dtype.kind == "f" else x.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Add(Op):
    """a + b."""

    name: ClassVar[str] = "add"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        x, y = promote(self.name, a, b)
        return np.add(x, y), (a, b)

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
        x, y = promote(self.name, a, b)
        return np.subtract(x, y), (a, b)

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
        x, y = promote(self.name, a, b)
        return np.multiply(x, y), (a, b)

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
        x, y = promote(self.name, a, b)
        return np.divide(as_floating(x), as_floating(y)), (a, b)

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
        x = as_floating(inputs[0])
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
        x = as_floating(inputs[0])
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
        x = as_floating(inputs[0])
        checks.floating(self.name, input=x)
        return np.log(x), x

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (grad / saved,)


@dataclass(frozen=True, slots=True)
class AsType(Op):
    """Conversion to another dtype; a gradient flows between floating dtypes."""

    name: ClassVar[str] = "astype"
    dtype: np.dtype[Any]

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        return x.astype(self.dtype), x.dtype

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        floating = saved.kind == "f" and self.dtype.kind == "f"
        return (grad.astype(saved, copy=False) if floating else None,)


@dataclass(frozen=True, slots=True)
class Detach(Op):
    """A copy that no gradient flows to."""

    name: ClassVar[str] = "detach"
    differentiable: ClassVar[bool] = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        return inputs[0].copy(), None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (None,)
