"""Pooling layers."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..functional.inputs import as_pair
from ..tensor import Tensor
from .base import Module

Size = int | tuple[int, int]


class _Pool2d(Module):
    """Base class of pooling layers: the window's size, stride and padding."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
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
        **options: Any,
    ) -> None:
        super().__init__(kernel_size, stride, padding, **options)
        self.mode = mode

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H', W')."""
        return F.avg_pool2d(inp, self.kernel_size, self.stride, self.padding, self.mode)


class AdaptiveAvgPool2d(Module):
    """Averages that divide the image into parts; see `functional.adaptive_avg_pool2d`.

    Parameters
    ----------
    oshp : size of the output; one number, or (vertical, horizontal)
    """

    def __init__(self, oshp: Size, **options: Any) -> None:
        super().__init__(**options)
        self.oshp = as_pair("oshp", oshp)

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, *oshp)."""
        return F.adaptive_avg_pool2d(inp, self.oshp)

    def extra_repr(self) -> str:
        """Return the size of the output."""
        return f"{self.oshp}"


class AdaptiveMaxPool2d(AdaptiveAvgPool2d):
    """The largest pixels of parts of the image; see `functional.adaptive_max_pool2d`."""

    def forward(self, inp: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, *oshp)."""
        return F.adaptive_max_pool2d(inp, self.oshp)
