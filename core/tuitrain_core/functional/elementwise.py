"""Functions of each element, of one tensor or of two."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CoreError
from ..ops import elementwise, paired, unary
from ..ops.checks import is_finite
from ..tensor import Tensor, apply
from .inputs import as_operands, as_tensor


def _unary(function: str, inp: Any) -> Tensor:
    return apply(unary.Unary(function), as_tensor(inp))


def exp(inp: Tensor) -> Tensor:
    """Return e to the power of each element; inf where that overflows."""
    return apply(elementwise.Exp(), as_tensor(inp))


def log(inp: Tensor) -> Tensor:
    """Return the natural logarithm of each element: -inf at 0, NaN below."""
    return apply(elementwise.Log(), as_tensor(inp))


def expm1(x: Tensor) -> Tensor:
    """Return exp(x) - 1 of each element, exact near 0."""
    return _unary("expm1", x)


def log1p(x: Tensor) -> Tensor:
    """Return log(1 + x) of each element, exact near 0."""
    return _unary("log1p", x)


def sqrt(x: Tensor) -> Tensor:
    """Return the square root of each element; NaN below 0."""
    return _unary("sqrt", x)


def square(x: Tensor) -> Tensor:
    """Return the square of each element."""
    return _unary("square", x)


def abs(x: Tensor) -> Tensor:
    """Return |x| of each element; the gradient at 0 is 0."""
    return _unary("abs", x)


def sign(x: Tensor) -> Tensor:
    """Return -1, 0 or 1 for each element; NaN stays NaN."""
    return _unary("sign", x)


def floor(x: Tensor) -> Tensor:
    """Return the next whole number downwards."""
    return _unary("floor", x)


def ceil(x: Tensor) -> Tensor:
    """Return the next whole number upwards."""
    return _unary("ceil", x)


def round(x: Tensor) -> Tensor:
    """Return the nearest whole number; halves are rounded away from 0."""
    return _unary("round", x)


def sin(x: Tensor) -> Tensor:
    """Return the sine of each element."""
    return _unary("sin", x)


def cos(x: Tensor) -> Tensor:
    """Return the cosine of each element."""
    return _unary("cos", x)


def tan(x: Tensor) -> Tensor:
    """Return the tangent of each element."""
    return _unary("tan", x)


def asin(x: Tensor) -> Tensor:
    """Return the inverse sine of each element."""
    return _unary("asin", x)


def acos(x: Tensor) -> Tensor:
    """Return the inverse cosine of each element."""
    return _unary("acos", x)


def atan(x: Tensor) -> Tensor:
    """Return the inverse tangent of each element."""
    return _unary("atan", x)


def sinh(x: Tensor) -> Tensor:
    """Return the hyperbolic sine of each element."""
    return _unary("sinh", x)


def cosh(x: Tensor) -> Tensor:
    """Return the hyperbolic cosine of each element."""
    return _unary("cosh", x)


def asinh(x: Tensor) -> Tensor:
    """Return the inverse hyperbolic sine of each element."""
    return _unary("asinh", x)


def acosh(x: Tensor) -> Tensor:
    """Return the inverse hyperbolic cosine of each element."""
    return _unary("acosh", x)


def atanh(x: Tensor) -> Tensor:
    """Return the inverse hyperbolic tangent of each element."""
    return _unary("atanh", x)


def atan2(y: Tensor, x: Tensor) -> Tensor:
    """Return the angle of the point (x, y), from -π to π."""
    return apply(paired.Atan2(), *as_operands(y, x))


def add(x: Tensor, y: Tensor) -> Tensor:
    """Return x + y."""
    return as_tensor(x) + y


def sub(x: Tensor, y: Tensor) -> Tensor:
    """Return x - y."""
    return as_tensor(x) - y


def mul(x: Tensor, y: Tensor) -> Tensor:
    """Return x · y."""
    return as_tensor(x) * y


def div(x: Tensor, y: Tensor) -> Tensor:
    """Return x / y."""
    return as_tensor(x) / y


def floor_div(x: Tensor, y: Tensor) -> Tensor:
    """Return x / y rounded down."""
    return as_tensor(x) // y


def mod(x: Tensor, y: Tensor) -> Tensor:
    """Return the remainder of x / y."""
    return as_tensor(x) % y


def neg(x: Tensor) -> Tensor:
    """Return -x."""
    return -as_tensor(x)


def pow(x: Tensor, y: Tensor) -> Tensor:
    """Return x to the power y."""
    return as_tensor(x) ** y


def maximum(x: Tensor | float, y: Tensor | float) -> Tensor:
    """Return the larger of two elements; NaN wins. Of equal ones the first gets the gradient."""
    return apply(paired.Maximum(), *as_operands(x, y))


def minimum(x: Tensor | float, y: Tensor | float) -> Tensor:
    """Return the smaller of two elements; NaN wins. Of equal ones the first gets the gradient."""
    return apply(paired.Maximum(largest=False), *as_operands(x, y))


def clip(x: Tensor, lower: float | None = None, upper: float | None = None) -> Tensor:
    """Return each element limited to [lower, upper]; NaN stays NaN.

    Raises
    ------
    CoreError : both limits are None, one is not a number, or the lower is above the upper
    """
    if isinstance(lower, Tensor) or isinstance(upper, Tensor):
        limited = as_tensor(x) if lower is None else maximum(x, as_tensor(lower))
        return limited if upper is None else minimum(limited, as_tensor(upper))
    limits = [limit for limit in (lower, upper) if limit is not None]
    if not limits or not all(is_finite(limit) or np.isinf(limit) for limit in limits):
        raise CoreError(f"clip: takes a lower or an upper number, but was given {lower}, {upper}")
    if len(limits) == 2 and limits[0] > limits[1]:
        raise CoreError(f"clip: the lower limit {lower} is above the upper limit {upper}")
    return apply(paired.Clip(lower, upper), as_tensor(x))


def where(mask: Tensor, x: Tensor | float, y: Tensor | float) -> Tensor:
    """Return elements of ``x`` where ``mask`` is True, else of ``y``.

    Raises
    ------
    ShapeError : the shapes do not fit
    CoreError : the mask is not bool
    """
    return apply(paired.Where(), as_tensor(mask), *as_operands(x, y))


def logaddexp(x: Tensor, y: Tensor) -> Tensor:
    """Return log(exp x + exp y), computed without overflow."""
    one, other = as_operands(x, y)
    return maximum(one, other) + log1p(exp(-abs(one - other)))
