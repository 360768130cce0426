"""Pooling of images: maximum and average of windows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import CoreError
from ..ops import checks, pooling
from ..tensor import Tensor, apply
from .inputs import as_pair, as_tensor
from .reduction import max as largest
from .reduction import mean
from .shape import concat

Size = int | tuple[int, int]

_AVERAGES = ("average", "average_count_exclude_padding")


def max_pool2d(
    inp: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Tensor:
    """Return the largest pixel of each window; a NaN counts as larger than every number.

    Of equal pixels the first, row by row, gets the gradient.

    Parameters
    ----------
    inp : images of shape (N, C, H, W)
    kernel_size : size of the window
    stride : pixels from one window to the next; default: the window's size
    padding : added on each side, never the maximum; smaller than the window

    Returns
    -------
    Shape (N, C, (H + 2 · padding - kernel_size) // stride + 1, likewise for W).

    Raises
    ------
    ShapeError : the input is not (N, C, H, W), or smaller than the window
    CoreError : a size is out of range
    """
    kernel = as_pair("kernel_size", kernel_size)
    step = kernel if stride is None else as_pair("stride", stride)
    return apply(pooling.MaxPool2d(kernel, step, as_pair("padding", padding)), as_tensor(inp))


def avg_pool2d(
    inp: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    mode: str = "average_count_exclude_padding",
) -> Tensor:
    """Return the average of the pixels of each window.

    Parameters
    ----------
    inp : images of shape (N, C, H, W)
    kernel_size : size of the window
    stride : pixels from one window to the next; default: the window's size
    padding : added on each side; smaller than the window
    mode : "average_count_exclude_padding" leaves the padding out, "average" counts it as zeros

    Returns
    -------
    Shape (N, C, (H + 2 · padding - kernel_size) // stride + 1, likewise for W).

    Raises
    ------
    ShapeError : the input is not (N, C, H, W), or smaller than the window
    CoreError : a size is out of range, or the mode unknown
    """
    if mode not in _AVERAGES:
        raise CoreError(f"avg_pool2d: mode is one of {', '.join(_AVERAGES)}, not {mode!r}")
    kernel = as_pair("kernel_size", kernel_size)
    step = kernel if stride is None else as_pair("stride", stride)
    op = pooling.AvgPool2d(kernel, step, as_pair("padding", padding), mode == "average")
    return apply(op, as_tensor(inp))


def adaptive_avg_pool2d(inp: Tensor, oshp: Size) -> Tensor:
    """Return averages of windows that divide the image into ``oshp`` parts.

    Window i of n spans the pixels from floor(i · H / n) to ceil((i + 1) · H / n).

    Parameters
    ----------
    inp : images of shape (N, C, H, W)
    oshp : size of the output; one number, or (vertical, horizontal)

    Raises
    ------
    ShapeError : the input is not (N, C, H, W)
    CoreError : a size is out of range
    """
    return _adaptive(inp, oshp, avg_pool2d, mean)


def adaptive_max_pool2d(inp: Tensor, oshp: Size) -> Tensor:
    """Return the largest pixels of windows that divide the image; see `adaptive_avg_pool2d`."""
    return _adaptive(inp, oshp, max_pool2d, largest)


def _adaptive(
    inp: Tensor, oshp: Size, pool: Callable[..., Tensor], reduce: Callable[..., Tensor]
) -> Tensor:
    x, (rows, columns) = as_tensor(inp), as_pair("oshp", oshp)
    checks.axes(
        "adaptive pooling", "input", np.broadcast_to(np.zeros(()), x.shape), 4, "(N, C, H, W)"
    )
    checks.at_least_1("adaptive pooling", oshp=min(rows, columns))
    height, width = x.shape[2:]
    if height % rows == 0 and width % columns == 0:
        return pool(x, (height // rows, width // columns))
    lines = [
        concat(
            [reduce(x[:, :, a:b, c:d], (2, 3), True) for c, d in _windows(width, columns)], axis=3
        )
        for a, b in _windows(height, rows)
    ]
    return concat(lines, axis=2)


def _windows(size: int, count: int) -> list[tuple[int, int]]:
    """Return the first pixel of each window, and the one after its last."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
