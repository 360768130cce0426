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
from ..tensor import Parameter, Tensor, as_tensor_list
from .constraints import Constraint, is_number
from .update_call import square_sum


def _is_infinity(value: Any) -> bool:
    return isinstance(value, Real) and value == math.inf


_BOUND = Constraint(
    "a number above 0; infinity leaves everything as it is",
    lambda value: (is_number(value) and value > 0) or _is_infinity(value),
)


def clip_grad_norm(parameters: Parameter | Iterable[Parameter], max_norm: float) -> float:
    """Scale all gradients by one factor, so that their common norm is at most ``max_norm``.

    The norm is the Euclidean norm of all gradients as one vector, summed in float64 in the order
    of the parameters. If it is above ``max_norm``, every gradient is multiplied by ``max_norm /
    norm``; Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks"
    (2013), algorithm 1. (PyTorch divides by ``norm + 1e-6``; its result is a little smaller.)

    Parameters
    ----------
    parameters : one, or an iterable; a parameter that is listed twice counts once
    max_norm : above 0; with infinity nothing is scaled

    Returns
    -------
    The norm before clipping; 0.0 if there are no gradients. If it is not finite, the gradients are
    unchanged, because scaling would make them zeros and NaN.

    Raises
    ------
    CoreError : ``max_norm`` is not allowed, or a value is not a Parameter
    """
    _check_bound("max_norm", max_norm)
    params = _with_grad(parameters)
    square = 0.0
    for param in params:  # `sum` rounds differently since Python 3.12
        square += square_sum(_grad(param).reshape(-1))
    norm = math.sqrt(square)
    if math.isfinite(norm) and norm > max_norm:
        for param in params:
            grad = _grad(param)
            param.grad = Tensor(grad * grad.dtype.type(max_norm / norm))
    return norm


def clip_grad_value(parameters: Parameter | Iterable[Parameter], limit: float) -> None:
    """Clip every element of the gradients to [-limit, limit]; NaN stays NaN.

    Parameters
    ----------
    parameters : one, or an iterable
    limit : above 0; with infinity nothing is clipped

    Raises
    ------
    CoreError : ``limit`` is not allowed, or a value is not a Parameter
    """
    _check_bound("limit", limit)
    if limit == math.inf:
        return
    for param in _with_grad(parameters):
        grad = _grad(param)
        bound = min(limit, float(np.finfo(grad.dtype).max))
        param.grad = Tensor(np.clip(grad, -bound, bound))


def _check_bound(name: str, value: float) -> None:
    if not _BOUND.accepts(value):
        raise CoreError(f"{name} must be {_BOUND.description}, but is {value!r}")


def _with_grad(parameters: Parameter | Iterable[Parameter]) -> list[Parameter]:
    """Return the distinct parameters that have a gradient, in order."""
    params = as_tensor_list(parameters, Parameter, "expected a Parameter")
    return [param for param in dict.fromkeys(params) if param.grad is not None]


def _grad(param: Parameter) -> Array:
    """Return the gradient as the update reads it: contiguous, in the parameter's dtype."""
    assert param.grad is not None
    return np.ascontiguousarray(param.grad.numpy(), dtype=param.dtype).reshape(param.grad.shape)
