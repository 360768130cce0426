"""Sums, averages, extremes and norms along axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ops import reduction
from ..ops.checks import is_finite
from ..tensor import Tensor, apply
from .comparison import isinf
from .elementwise import abs as absolute
from .elementwise import exp, log, maximum, sqrt, square, where
from .inputs import as_tensor

Axes = int | Sequence[int] | None


def sum(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Add up all elements, or those along ``axis``; ``keepdims`` leaves axes of size 1.

    Raises
    ------
    ShapeError : there is no such axis, or an axis is named twice
    """
    return apply(reduction.Sum(reduction.as_axes(axis), keepdims), as_tensor(inp))


def mean(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Average all elements, or those along ``axis``; see `sum`."""
    return apply(reduction.Mean(reduction.as_axes(axis), keepdims), as_tensor(inp))


def prod(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Multiply all elements, or those along ``axis``; see `sum`."""
    return apply(reduction.Product(reduction.as_axes(axis), keepdims), as_tensor(inp))


def max(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Return the largest element, of all or along ``axis``; NaN wins.

    Of several equal elements the first gets the gradient.

    Raises
    ------
    ShapeError : there is no such axis, or no element
    """
    return apply(reduction.Extreme("max", reduction.as_axes(axis), keepdims), as_tensor(inp))


def min(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Return the smallest element, of all or along ``axis``; see `max`."""
    return apply(reduction.Extreme("min", reduction.as_axes(axis), keepdims), as_tensor(inp))


def var(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Return the biased variance, of all elements or along ``axis``; see `sum`."""
    x = as_tensor(inp)
    return mean(square(x - mean(x, axis, keepdims=True)), axis, keepdims)


def std(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Return the square root of `var`."""
    return sqrt(var(inp, axis, keepdims))


def norm(
    inp: Tensor,
    ord: float | None = None,
    axis: Axes = None,
    keepdims: bool = False,
) -> Tensor:
    """Return the norm (Σ |x|^ord)^(1 / ord), of all elements or along ``axis``.

    Parameters
    ----------
    inp : floating-point tensor
    ord : default 2; inf for the largest |x|, -inf for the smallest
    axis : an axis, or None for all
    keepdims : leave axes of size 1
    """
    x, order = as_tensor(inp), 2.0 if ord is None else ord
    if order == 2.0:
        return sqrt(sum(square(x), axis, keepdims))
    if not is_finite(order):
        return (max if order == np.inf else min)(absolute(x), axis, keepdims)
    if order == 1.0:
        return sum(absolute(x), axis, keepdims)
    return sum(absolute(x) ** order, axis, keepdims) ** (1.0 / order)


def normalize(
    inp: Tensor,
    ord: float | None = None,
    axis: Axes = None,
    eps: float = 1e-12,
) -> Tensor:
    """Return x divided by its `norm`, which counts as at least ``eps``."""
    x = as_tensor(inp)
    length = norm(x, ord, axis, keepdims=axis is not None)
    return x / maximum(length, eps)


def logsumexp(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Return log Σ exp x, computed without overflow."""
    x = as_tensor(inp)
    largest = max(x.detach(), axis, keepdims=True)
    largest = where(isinf(largest), 0.0, largest)
    total = log(sum(exp(x - largest), axis, keepdims=True)) + largest
    return total if keepdims else sum(total, axis)
