"""Convolution and pooling layers."""

from __future__ import annotations

import math

import numpy as np

from .. import functional as F
from .. import init
from ..errors import CoreError
from ..functional.inputs import as_pair
from ..ops import checks
from ..tensor import Parameter, Tensor
from .base import Module

Size = int | tuple[int, int]


class Conv2d(Module):
    """Convolution of images; see `functional.conv2d`.

    Parameters
    ----------
    in_channels, out_channels : channels before and after
    kernel_size, stride, padding : one number, or (vertical, horizontal)
    groups : number of groups of channels, convolved separately
    bias : whether there is a bias

    Attributes
    ----------
    weight : (out, in / groups, height, width), initialized from a normal distribution
        with standard deviation sqrt(1 / fan_in)
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
        *,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
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
        self.weight = Parameter(np.zeros(shape, np.float32))
        self.bias = Parameter(np.zeros((1, out_channels, 1, 1), np.float32)) if bias else None
        fan_in, _ = init.calculate_fan_in_and_fan_out(self.weight)
        init.normal_(self.weight, 0.0, math.sqrt(1.0 / fan_in))

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, H', W')."""
        return F.conv2d(inp, self.weight, self.bias, self.stride, self.padding, groups=self.groups)

    def extra_repr(self) -> str:
        """Return channels and sizes."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding}"
            + (f", groups={self.groups}" if self.groups > 1 else "")
            + ("" if self.bias is not None else ", bias=False")
        )


class _Pool2d(Module):
    """Base class of pooling layers: the window's size, stride and padding."""

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = as_pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else as_pair("stride", stride)
        self.padding = as_pair("padding", padding)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Pool2d):
    """The largest pixel of each window; see `functional.max_pool2d`."""

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H', W')."""
        return F.max_pool2d(inp, self.kernel_size, self.stride, self.padding)


class AvgPool2d(_Pool2d):
    """The average pixel of each window; see `functional.avg_pool2d`."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        mode: str = "average_count_exclude_padding",
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.mode = mode

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H', W')."""
        return F.avg_pool2d(inp, self.kernel_size, self.stride, self.padding, self.mode)
