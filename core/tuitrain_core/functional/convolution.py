"""Convolution of images and sequences, and its transpose."""

from __future__ import annotations

import numpy as np

from ..errors import CoreError
from ..ops import checks, convolution, joining
from ..tensor import Tensor, apply
from .inputs import as_floats_like, as_pair, as_tensor

Size = int | tuple[int, int]


def conv2d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
    conv_mode: str = "cross_correlation",
    compute_mode: str = "default",
) -> Tensor:
    """Convolve images with a weight (cross-correlation: the weight is not flipped).

    Parameters
    ----------
    inp : images of shape (N, C, H, W)
    weight : shape (O, C, KH, KW); with groups (groups, O / groups, C / groups, KH, KW), or
        (O, C / groups, KH, KW)
    bias : shape (1, O, 1, 1), or None
    stride : pixels from one window to the next; one number, or (vertical, horizontal)
    padding : zeros added on each side; one number, or (vertical, horizontal)
    dilation : pixels from one element of a window to the next
    groups : number of groups of channels, convolved separately
    conv_mode : "cross_correlation", the only one
    compute_mode : accepted; products are float32

    Returns
    -------
    Shape (N, O, (H + 2 · padding - dilation · (KH - 1) - 1) // stride + 1, likewise for W).

    Raises
    ------
    ShapeError : the shapes do not fit together
    CoreError : dtypes differ, or a size is out of range
    """
    if conv_mode != "cross_correlation":
        raise CoreError(f"conv2d: conv_mode is 'cross_correlation', not {conv_mode!r}")
    kernel = as_tensor(weight)
    if kernel.ndim == 5 and kernel.shape[0] == groups:
        kernel = kernel.reshape((kernel.shape[0] * kernel.shape[1], *kernel.shape[2:]))
    steps = as_pair("dilation", dilation)
    checks.at_least_1("conv2d", dilation=min(steps))
    if steps != (1, 1):
        kernel = apply(joining.Dilate(steps), kernel)
    op = convolution.Conv2d(as_pair("stride", stride), as_pair("padding", padding), groups)
    x = as_floats_like(inp, kernel)
    operands = (x, kernel) if bias is None else (x, kernel, bias)
    return apply(op, *map(as_tensor, operands))


def conv1d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve sequences with a weight, as `conv2d` does images.

    Parameters
    ----------
    inp : shape (N, C, L)
    weight : shape (O, C, K); with groups (groups, O / groups, C / groups, K)
    bias : shape (1, O, 1), or None
    stride, padding, dilation, groups : see `conv2d`
    """
    x, kernel = as_tensor(inp), as_tensor(weight)
    checks.axes("conv1d", "input", np.empty(x.shape), 3, "(N, C, L)")
    per_channel = None if bias is None else as_tensor(bias).reshape((1, -1, 1, 1))
    result = conv2d(
        x.reshape((x.shape[0], x.shape[1], 1, x.shape[2])),
        kernel.reshape((*kernel.shape[:-1], 1, kernel.shape[-1])),
        per_channel,
        (1, stride),
        (0, padding),
        (1, dilation),
        groups,
    )
    return result.reshape((result.shape[0], result.shape[1], result.shape[3]))


def conv_transpose2d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Apply the transpose of a convolution: the gradient of `conv2d` by its input.

    Parameters
    ----------
    inp : images of shape (N, C, H, W)
    weight : shape (C, O, KH, KW); groups are not supported
    bias : shape (1, O, 1, 1), or None
    stride, padding, dilation : of the convolution
    output_padding : pixels added at the bottom and on the right, below the stride

    Returns
    -------
    Shape (N, O, (H - 1) · stride - 2 · padding + dilation · (KH - 1) + output_padding + 1, ...).
    """
    if groups != 1:
        raise CoreError("conv_transpose2d: groups are not supported; pass groups=1")
    kernel, steps = as_tensor(weight), as_pair("dilation", dilation)
    if steps != (1, 1):
        kernel = apply(joining.Dilate(steps), kernel)
    op = convolution.ConvTranspose2d(
        as_pair("stride", stride),
        as_pair("padding", padding),
        as_pair("output_padding", output_padding),
    )
    result = apply(op, as_tensor(inp), kernel)
    return result if bias is None else result + bias
