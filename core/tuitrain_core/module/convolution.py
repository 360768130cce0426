"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functional as F
from .. import init
from ..errors import CoreError
from ..functional.inputs import as_pair
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module

Size = int | tuple[int, int]


class _Convolution(Module):
    """The base of convolutions: how they are printed."""

    in_channels: int
    out_channels: int
    kernel_size: Any
    stride: Any
    padding: Any

    def extra_repr(self) -> str:
        """Return channels and sizes."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}"
        )


class Conv2d(_Convolution):
    """Convolution of images; see `functional.conv2d`.

    Parameters
    ----------
    in_channels, out_channels : channels before and after
    kernel_size, stride, padding, dilation : one number, or (vertical, horizontal)
    groups : number of groups of channels, convolved separately
    bias : whether there is a bias
    conv_mode, compute_mode : see `functional.conv2d`

    Attributes
    ----------
    weight : (out, in, height, width), or with groups (groups, out / groups, in / groups, height,
        width), initialized from a normal distribution with standard deviation sqrt(1 / fan_in)
    bias : (1, out, 1, 1), initialized to 0; or None

    Raises
    ------
    CoreError : a size is below 1, or the channels are not divisible by the groups
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        conv_mode: str = "cross_correlation",
        compute_mode: str = "default",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.dilation, self.conv_mode = as_pair("dilation", dilation), conv_mode
        self.compute_mode = compute_mode
        self.kernel_size = as_pair("kernel_size", kernel_size)
        self.stride, self.padding = as_pair("stride", stride), as_pair("padding", padding)
        checks.at_least_1(
            "Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups
        )
        checks.at_least_1("Conv2d", kernel_size=min(self.kernel_size))
        if in_channels % groups or out_channels % groups:
            raise CoreError(
                f"Conv2d: {in_channels} and {out_channels} channels do not both divide into "
                f"{groups} groups"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        grouped = (groups, out_channels // groups, *shape[1:])
        self.weight = Parameter(np.zeros(grouped if groups > 1 else shape, np.float32))
        self.bias = Parameter(np.zeros((1, out_channels, 1, 1), np.float32)) if bias else None
        fan_in = math.prod(shape[1:])
        init.normal_(self.weight, 0.0, math.sqrt(1.0 / fan_in))

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, H', W')."""
        return F.conv2d(
            inp,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            self.conv_mode,
        )

    def extra_repr(self) -> str:
        """Return channels and sizes."""
        return (
            super().extra_repr()
            + (f", dilation={self.dilation}" if self.dilation != (1, 1) else "")
            + (f", groups={self.groups}" if self.groups > 1 else "")
            + ("" if self.bias is not None else ", bias=False")
        )


class Conv1d(_Convolution):
    """Convolution of sequences; see `functional.conv1d`.

    Parameters
    ----------
    in_channels, out_channels : channels before and after
    kernel_size, stride, padding, dilation : whole numbers
    groups : number of groups of channels, convolved separately
    bias : whether there is a bias

    Attributes
    ----------
    weight : (out, in, length), or with groups (groups, out / groups, in / groups, length);
        initialized as that of `Conv2d`
    bias : (1, out, 1), initialized to 0; or None

    Raises
    ------
    CoreError : a size is below 1, or the channels are not divisible by the groups
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        conv_mode: str = "cross_correlation",
        compute_mode: str = "default",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        images = Conv2d(in_channels, out_channels, (1, kernel_size), groups=groups, bias=bias)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.conv_mode, self.compute_mode = dilation, conv_mode, compute_mode
        shape = images.weight.shape
        self.weight = Parameter(images.weight.numpy().reshape(*shape[:-2], kernel_size))
        self.bias = Parameter(np.zeros((1, out_channels, 1), np.float32)) if bias else None

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, in, L) to (N, out, L')."""
        return F.conv1d(
            inp, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class ConvTranspose2d(_Convolution):
    """The transpose of a convolution; see `functional.conv_transpose2d`.

    Parameters
    ----------
    in_channels, out_channels : channels before and after
    kernel_size, stride, padding, output_padding, dilation : one number, or (vertical, horizontal)
    groups : 1
    bias : whether there is a bias

    Attributes
    ----------
    weight : (in, out, height, width), initialized from a normal distribution with standard
        deviation sqrt(1 / (out · height · width))
    bias : (1, out, 1, 1), initialized to 0; or None

    Raises
    ------
    CoreError : a size is below 1, or there are groups
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        conv_mode: str = "cross_correlation",
        compute_mode: str = "default",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if groups != 1:
            raise CoreError("ConvTranspose2d: groups are not supported; pass groups=1")
        checks.at_least_1("ConvTranspose2d", in_channels=in_channels, out_channels=out_channels)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = as_pair("kernel_size", kernel_size)
        checks.at_least_1("ConvTranspose2d", kernel_size=min(self.kernel_size))
        self.stride, self.padding = as_pair("stride", stride), as_pair("padding", padding)
        self.output_padding = as_pair("output_padding", output_padding)
        self.dilation, self.conv_mode = as_pair("dilation", dilation), conv_mode
        self.compute_mode = compute_mode
        shape = (in_channels, out_channels, *self.kernel_size)
        self.weight = Parameter(np.zeros(shape, np.float32))
        self.bias = Parameter(np.zeros((1, out_channels, 1, 1), np.float32)) if bias else None
        init.normal_(self.weight, 0.0, math.sqrt(1.0 / math.prod(shape[1:])))

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, H', W')."""
        return F.conv_transpose2d(
            inp,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.dilation,
        )
