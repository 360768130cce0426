"""Convolution and pooling of images."""

from __future__ import annotations

from ..errors import CoreError
from ..ops import convolution, pooling
from ..tensor import Tensor, apply
from .inputs import as_pair, as_tensor

Size = int | tuple[int, int]

_AVERAGES = ("average", "average_count_exclude_padding")


def conv2d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    *,
    groups: int = 1,
) -> Tensor:
    """Convolve images with a weight (cross-correlation: the weight is not flipped).

    Parameters
    ----------
    inp : images of shape (N, C, H, W)
    weight : shape (O, C / groups, KH, KW)
    bias : shape (1, O, 1, 1), or None
    stride : pixels from one window to the next; one number, or (vertical, horizontal)
    padding : zeros added on each side; one number, or (vertical, horizontal)
    groups : number of groups of channels, convolved separately

    Returns
    -------
    Shape (N, O, (H + 2 · padding - KH) // stride + 1, likewise for W).

    Raises
    ------
    ShapeError : the shapes do not fit together
    CoreError : dtypes differ, or a size is out of range
    """
    op = convolution.Conv2d(as_pair("stride", stride), as_pair("padding", padding), groups)
    operands = (inp, weight) if bias is None else (inp, weight, bias)
    return apply(op, *map(as_tensor, operands))


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
