"""Functions of each element, by name, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ..errors import CoreError
from . import checks
from .base import Array, Op
from .elementwise import as_floating

Derivative: TypeAlias = Callable[[Array, Array], Array]
"""Returns the derivative from the input and the output."""


def _round(x: Array) -> Array:
    """Return the nearest whole number; halves away from zero, as in C."""
    return np.trunc(x + np.copysign(np.asarray(0.5, x.dtype), x))


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Derivative]] = {
    "sqrt": (np.sqrt, lambda x, y: 0.5 / y),
    "sin": (np.sin, lambda x, y: np.cos(x)),
    "cos": (np.cos, lambda x, y: -np.sin(x)),
    "tan": (np.tan, lambda x, y: 1.0 + y * y),
    "asin": (np.arcsin, lambda x, y: 1.0 / np.sqrt(1.0 - x * x)),
    "acos": (np.arccos, lambda x, y: -1.0 / np.sqrt(1.0 - x * x)),
    "atan": (np.arctan, lambda x, y: 1.0 / (1.0 + x * x)),
    "sinh": (np.sinh, lambda x, y: np.cosh(x)),
    "cosh": (np.cosh, lambda x, y: np.sinh(x)),
    "asinh": (np.arcsinh, lambda x, y: 1.0 / np.sqrt(x * x + 1.0)),
    "acosh": (np.arccosh, lambda x, y: 1.0 / np.sqrt(x * x - 1.0)),
    "atanh": (np.arctanh, lambda x, y: 1.0 / (1.0 - x * x)),
    "expm1": (np.expm1, lambda x, y: y + 1.0),
    "log1p": (np.log1p, lambda x, y: 1.0 / (x + 1.0)),
    "softplus": (_softplus, lambda x, y: _sigmoid(x)),
    "hsigmoid": (
        lambda x: np.clip(x + 3.0, 0.0, 6.0) / 6.0,
        lambda x, y: ((x > -3.0) & (x < 3.0)) / np.asarray(6.0, x.dtype),
    ),
    "hswish": (
        lambda x: x * np.clip(x + 3.0, 0.0, 6.0) / 6.0,
        lambda x, y: np.where(x < -3.0, 0.0, np.where(x > 3.0, 1.0, (2.0 * x + 3.0) / 6.0)),
    ),
}
"""Functions of floating-point numbers; whole ones are converted to float32."""

EXACT: dict[str, tuple[Callable[[Array], Array], Derivative]] = {
    "abs": (np.abs, lambda x, y: np.sign(x)),
    "square": (np.square, lambda x, y: 2.0 * x),
    "sign": (np.sign, lambda x, y: np.zeros_like(x)),
    "floor": (np.floor, lambda x, y: np.zeros_like(x)),
    "ceil": (np.ceil, lambda x, y: np.zeros_like(x)),
    "round": (_round, lambda x, y: np.zeros_like(x)),
}
"""Functions that keep the dtype of whole numbers."""


@dataclass(frozen=True, slots=True)
class Unary(Op):
    """A function of each element: ``function`` is a key of `FUNCTIONS` or `EXACT`.

    |x| has the derivative 0 at 0. The functions are NumPy's; NaN stays NaN.
    """

    name: ClassVar[str] = "unary"
    function: str

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        if self.function in FUNCTIONS:
            x = as_floating(x)
            checks.floating(self.function, input=x)
            output = FUNCTIONS[self.function][0](x)
        else:
            if x.dtype.kind == "b":
                raise CoreError(f"{self.function}: the input is bool; it must have numbers")
            output = EXACT[self.function][0](x)
        return np.asarray(output, x.dtype), (x, output)

    def infer_output(self, *inputs: Array) -> Array:
        return np.asarray(self.forward(*inputs)[0])

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        table = FUNCTIONS if self.function in FUNCTIONS else EXACT
        slope = table[self.function][1](*saved)
        return ((grad * slope).astype(grad.dtype, copy=False),)


@dataclass(frozen=True, slots=True)
class Zeros(Op):
    """Zeros of the input's shape and dtype; no gradient flows through them."""

    name: ClassVar[str] = "zeros"
    differentiable: ClassVar[bool] = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        return np.zeros_like(inputs[0]), None

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (None,)
