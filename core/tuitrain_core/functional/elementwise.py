"""Exponential, logarithm and matrix product."""

from __future__ import annotations

from ..ops import elementwise, linear
from ..tensor import Tensor, apply
from .inputs import as_tensor


def exp(inp: Tensor) -> Tensor:
    """Return e to the power of each element; inf where that overflows."""
    return apply(elementwise.Exp(), as_tensor(inp))


def log(inp: Tensor) -> Tensor:
    """Return the natural logarithm of each element: -inf at 0, NaN below."""
    return apply(elementwise.Log(), as_tensor(inp))


def matmul(inp1: Tensor, inp2: Tensor) -> Tensor:
    """Return the matrix product, as ``inp1 @ inp2``.

    Parameters
    ----------
    inp1 : shape (..., m, k), or (k,) for a row
    inp2 : shape (..., k, n), or (k,) for a column

    Returns
    -------
    Shape (..., m, n), with the leading axes broadcast; without the axis of a row or column.

    Raises
    ------
    ShapeError : the shapes do not fit
    CoreError : the dtypes differ, or are not floating
    """
    return apply(linear.MatMul(), as_tensor(inp1), as_tensor(inp2))
