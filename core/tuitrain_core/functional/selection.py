"""Positions of elements: extremes, sorting, gathering; running sums, matrices and accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CoreError, ShapeError
from ..ops import linear, selection
from ..ops.checks import at_least_1
from ..tensor import Tensor, apply, wrap
from .inputs import as_floats_like, as_single_axis, as_tensor
from .shape import swapaxes


def argmax(inp: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the position of the largest element, int32: of all, or along ``axis``.

    Of equal elements the first; a NaN counts as larger than every number.
    """
    return _arg("argmax", inp, axis, keepdims)


def argmin(inp: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the position of the smallest element; see `argmax`."""
    return _arg("argmin", inp, axis, keepdims)


def _arg(kind: str, inp: Tensor, axis: Any, keepdims: bool) -> Tensor:
    op = selection.ArgExtreme(kind, as_single_axis(kind, axis), keepdims)
    return apply(op, as_tensor(inp))


def argsort(inp: Tensor, descending: bool = False) -> Tensor:
    """Return the positions that sort the last axis, int32; equal elements keep their order."""
    return apply(selection.ArgSort(descending), as_tensor(inp))


def sort(inp: Tensor, descending: bool = False) -> tuple[Tensor, Tensor]:
    """Sort the last axis; returns the elements and their positions in the input."""
    x = as_tensor(inp)
    order = argsort(x, descending)
    return gather(x, -1, order), order


def topk(
    inp: Tensor,
    k: int,
    descending: bool = True,
    kth_only: bool = False,
    no_sort: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the ``k`` largest elements of the last axis, in order, and their positions.

    Parameters
    ----------
    inp : tensor
    k : number of elements
    descending : whether the largest are returned, or the smallest
    kth_only : return only the last of them, without its axis
    no_sort : accepted; the elements are always in order
    """
    at_least_1("topk", k=k)
    x = as_tensor(inp)
    if x.ndim == 0 or k > x.shape[-1]:
        raise ShapeError(
            f"topk: the shape {x.shape} does not have {k} elements along its last axis"
        )
    values, order = sort(x, descending)
    part = (..., k - 1) if kth_only else (..., slice(0, k))
    return values[part], order[part]


def gather(inp: Tensor, axis: int, index: Tensor) -> Tensor:
    """Return elements along an axis: ``inp[i][index[i][j]]`` for axis 1 of a matrix.

    Raises
    ------
    ShapeError : the index has another number of axes, or larger sizes beside the axis
    IndexRangeError : a position is out of range, or not a whole number
    """
    return apply(selection.Gather(axis), as_tensor(inp), as_tensor(index))


def scatter(inp: Tensor, axis: int, index: Tensor, source: Tensor) -> Tensor:
    """Return the input with elements along an axis replaced; the reverse of `gather`."""
    return apply(selection.Scatter(axis), *map(as_tensor, (inp, index, source)))


def cond_take(mask: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the elements where the mask is True, and their positions in the flat tensor."""
    chosen, values = as_tensor(mask), as_tensor(x)
    if chosen.shape != values.shape:
        raise ShapeError(f"cond_take: the mask has shape {chosen.shape}, the input {values.shape}")
    positions = np.flatnonzero(chosen.numpy()).astype(np.int32)
    return values.flatten()[positions], wrap(positions)


def one_hot(inp: Tensor, num_classes: int) -> Tensor:
    """Return int32 rows that are 1 at the position given by each element, and 0 elsewhere.

    Raises
    ------
    CoreError : an element is not a whole number from 0 to ``num_classes`` - 1
    """
    labels = as_tensor(inp)
    at_least_1("one_hot", num_classes=num_classes)
    if labels.dtype.kind not in "iu":
        raise CoreError(f"one_hot: takes whole numbers, not {labels.dtype}")
    rows = wrap(np.eye(num_classes, dtype=np.int32))
    return rows[labels] if _within(labels, num_classes) else rows


def _within(labels: Tensor, classes: int) -> bool:
    values = labels.numpy()
    if values.size and (values.min() < 0 or values.max() >= classes):
        raise CoreError(
            f"one_hot: the numbers go from {values.min()} to {values.max()}; with {classes} "
            f"classes they must be 0 to {classes - 1}"
        )
    return True


def indexing_one_hot(src: Tensor, index: Tensor, axis: int = 1, keepdims: bool = False) -> Tensor:
    """Return for each sample the element along ``axis`` at the position in ``index``."""
    from .shape import expand_dims, squeeze

    chosen = gather(src, axis, expand_dims(as_tensor(index), axis))
    return chosen if keepdims else squeeze(chosen, axis)


def cumsum(inp: Tensor, axis: int) -> Tensor:
    """Return the sum of the elements so far along an axis."""
    return apply(selection.CumulativeSum(axis), as_tensor(inp))


def diag(inp: Tensor, k: int = 0) -> Tensor:
    """Return a matrix with this diagonal, or the diagonal of a matrix; ``k`` above the main one."""
    x = as_tensor(inp)
    if x.ndim == 1:
        size = x.shape[0] + np.abs(k)
        rows = np.arange(x.shape[0]) + max(-k, 0)
        matrix = wrap(np.zeros((size, size), x.dtype))
        matrix[rows, rows + k] = x
        return matrix
    if x.ndim != 2:
        raise ShapeError(f"diag: takes one axis or two, not the shape {x.shape}")
    count = len(np.diagonal(np.empty(x.shape, bool), k))
    rows = np.arange(count) + max(-k, 0)
    return x[rows, rows + k]


def matmul(
    inp1: Tensor,
    inp2: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    compute_mode: str = "default",
) -> Tensor:
    """Return the matrix product, as ``inp1 @ inp2``.

    Parameters
    ----------
    inp1 : shape (..., m, k), or (k,) for a row
    inp2 : shape (..., k, n), or (k,) for a column
    transpose_a, transpose_b : exchange the last two axes first
    compute_mode : accepted; products are float32

    Returns
    -------
    Shape (..., m, n), with the leading axes broadcast; without the axis of a row or column.

    Raises
    ------
    ShapeError : the shapes do not fit
    CoreError : the dtypes differ, or none is floating
    """
    one, other = as_tensor(inp1), as_tensor(inp2)
    one, other = as_floats_like(one, other), as_floats_like(other, one)
    one = swapaxes(one, -1, -2) if transpose_a else one
    return apply(linear.MatMul(), one, swapaxes(other, -1, -2) if transpose_b else other)


def dot(inp1: Tensor, inp2: Tensor) -> Tensor:
    """Return the scalar product of two tensors of one axis."""
    one, other = as_tensor(inp1), as_tensor(inp2)
    if one.ndim != 1 or other.ndim != 1:
        raise ShapeError(f"dot: takes tensors of one axis, not {one.shape} and {other.shape}")
    return matmul(one, other)


def matinv(inp: Tensor) -> Tensor:
    """Return the inverses of square matrices, of shape (..., n, n)."""
    return apply(selection.Inverse(), as_tensor(inp))
