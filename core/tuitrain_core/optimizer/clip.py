"""Clipping of gradients before the update, by their common norm or by value.

A clipped gradient is a new array, because two parameters may share one. Parameters whose ``grad``
is None, such as frozen ones, do not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np

from ..errors import CoreError
from ..ops.base import Array
from ..tensor import Tensor, as_tensor_list, wrap
from .constraints import Constraint, is_number
from .update_call import square_sum


def _is_infinity(value: Any) -> bool:
    return isinstance(value, Real) and value == math.inf


_BOUND = Constraint(
    "a number above 0; infinity leaves everything as it is",
    lambda value: (is_number(value) and value > 0) or _is_infinity(value),
)


def clip_grad_norm(tensors: Tensor | Iterable[Tensor], max_norm: float, ord: float = 2.0) -> float:
    """Scale all gradients by one factor, so that their common norm is at most ``max_norm``.

    The norm is that of all gradients as one vector, summed in float64 in the order of the
    parameters. If it is above ``max_norm``, every gradient is multiplied by ``max_norm / norm``;
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013),
    algorithm 1. (MegEngine and PyTorch divide by ``norm + 1e-6``; their result is a bit smaller.)

    Parameters
    ----------
    tensors : one, or an iterable; a parameter that is listed twice counts once
    max_norm : above 0; with infinity nothing is scaled
    ord : which norm: (Σ |g|^ord)^(1 / ord), above 0; infinity for the largest |g|

    Returns
    -------
    The norm before clipping; 0.0 if there are no gradients. If it is not finite, the gradients are
    unchanged, because scaling would make them zeros and NaN.

    Raises
    ------
    CoreError : a number is not allowed, or a value is not a tensor
    """
    _check_bound("max_norm", max_norm)
    _check_bound("ord", ord)
    params = _with_grad(tensors)
    norm = _euclidean_norm(params) if ord == 2.0 else _norm(params, ord)
    if math.isfinite(norm) and norm > max_norm:
        for param in params:
            grad = _grad(param)
            param.grad = wrap(grad * grad.dtype.type(max_norm / norm))
    return norm


def clip_grad_value(
    tensors: Tensor | Iterable[Tensor], lower: float, upper: float | None = None
) -> None:
    """Clip every element of the gradients to [lower, upper]; NaN stays NaN.

    Parameters
    ----------
    tensors : one, or an iterable
    lower, upper : the limits; one number alone, above 0, means [-number, number], and with
        infinity nothing is clipped

    Raises
    ------
    CoreError : a limit is not allowed, or a value is not a tensor
    """
    if upper is None:
        _check_bound("limit", lower)
        lower, upper = -lower, lower
    if not (_is_limit(lower) and _is_limit(upper) and lower <= upper):
        raise CoreError(f"the limits are numbers in ascending order, not {lower!r} and {upper!r}")
    if (lower, upper) == (-math.inf, math.inf):
        return
    for param in _with_grad(tensors):
        grad = _grad(param)
        largest = float(np.finfo(grad.dtype).max)
        param.grad = wrap(np.clip(grad, max(lower, -largest), min(upper, largest)))


def _is_limit(value: Any) -> bool:
    return is_number(value) or (isinstance(value, Real) and abs(value) == math.inf)


def _euclidean_norm(params: Iterable[Tensor]) -> float:
    square = 0.0
    for param in params:  # `sum` rounds differently since Python 3.12
        square += square_sum(_grad(param).reshape(-1))
    return math.sqrt(square)


def _norm(params: Iterable[Tensor], order: float) -> float:
    sizes = [np.abs(_grad(param).astype(np.float64)) for param in params]
    if order == math.inf:
        return max((float(size.max()) for size in sizes if size.size), default=0.0)
    return sum(float((size**order).sum()) for size in sizes) ** (1.0 / order)


def _check_bound(name: str, value: float) -> None:
    if not _BOUND.accepts(value):
        raise CoreError(f"{name} must be {_BOUND.description}, but is {value!r}")


def _with_grad(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """Return the distinct tensors that have a gradient, in order."""
    params = as_tensor_list(tensors, Tensor, "expected a Parameter")
    return [param for param in dict.fromkeys(params) if param.grad is not None]


def _grad(param: Tensor) -> Array:
    """Return the gradient as the update reads it: contiguous, in the parameter's dtype."""
    assert param.grad is not None
    return np.ascontiguousarray(param.grad.memory(), dtype=param.dtype).reshape(param.grad.shape)
