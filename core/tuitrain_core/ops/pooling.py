"""Maximum and average over windows of an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import CoreError
from ..kernels import pooling as kernels
from . import checks
from .base import Array, Op

Pair = tuple[int, int]


def _output_size(name: str, x: Array, kernel: Pair, stride: Pair, padding: Pair) -> Pair:
    checks.axes(name, "input", x, 4, "(N, C, H, W)")
    checks.floating(name, input=x)
    size = checks.count_windows(name, (x.shape[2], x.shape[3]), kernel, stride, padding)
    if padding[0] >= kernel[0] or padding[1] >= kernel[1]:
        raise CoreError(f"{name}: padding {padding} must be smaller than the window {kernel}")
    return size


@dataclass(frozen=True, slots=True)
class MaxPool2d(Op):
    """Maximum over windows; padding never wins, and a NaN always does."""

    name: ClassVar[str] = "max_pool2d"
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        height, width = _output_size(self.name, x, self.kernel, self.stride, self.padding)
        N, C, H, W = x.shape
        output = np.empty((N, C, height, width), x.dtype)
        chosen = np.empty((N * C, height, width), np.int32)
        kernels.max_pool(
            x.reshape(N * C, H, W),
            output.reshape(chosen.shape),
            chosen,
            *self.kernel,
            *self.stride,
            *self.padding,
        )
        return output, (x.shape, chosen)

    def infer_output(self, *inputs: Array) -> Array:
        (x,) = inputs
        size = _output_size(self.name, x, self.kernel, self.stride, self.padding)
        return np.zeros((*x.shape[:2], *size), x.dtype)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, chosen = saved
        result = np.zeros(shape, grad.dtype)
        images = chosen.shape[0]
        pixels = chosen.shape[1] * chosen.shape[2]
        kernels.scatter_add(
            np.ascontiguousarray(grad).reshape(images, pixels),
            chosen.reshape(images, pixels),
            result.reshape(images, shape[2] * shape[3]),
        )
        return (result,)


@dataclass(frozen=True, slots=True)
class AvgPool2d(Op):
    """Average over windows; padding counts as zeros if ``count_padding``, else it is left out."""

    name: ClassVar[str] = "avg_pool2d"
    kernel: Pair
    stride: Pair
    padding: Pair = (0, 0)
    count_padding: bool = False

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        size = _output_size(self.name, x, self.kernel, self.stride, self.padding)
        top, left = self.padding
        padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
        total = np.zeros((*x.shape[:2], *size), x.dtype)
        for window in self._taps(size):
            total += padded[window]
        share = self.window_shares(x, size)
        return total * share, (x.shape, share)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        shape, share = saved
        (top, left), (H, W) = self.padding, shape[2:]
        padded = np.zeros((*shape[:2], H + 2 * top, W + 2 * left), grad.dtype)
        part = grad * share
        for window in self._taps((grad.shape[2], grad.shape[3])):
            padded[window] += part
        return (padded[:, :, top : top + H, left : left + W],)

    def _taps(self, size: Pair) -> Iterator[tuple[Any, ...]]:
        """Yield, for each position in the window, the index of the pixels of all windows there."""
        (KH, KW), (SH, SW), (OH, OW) = self.kernel, self.stride, size
        for i in range(KH):
            for j in range(KW):
                yield ..., slice(i, i + SH * (OH - 1) + 1, SH), slice(j, j + SW * (OW - 1) + 1, SW)

    def window_shares(self, x: Array, size: Pair) -> Array:
        """Return 1 / (number of pixels of each window)."""
        if self.count_padding or self.padding == (0, 0):
            return np.asarray(1.0 / (self.kernel[0] * self.kernel[1]), x.dtype)
        top, left = self.padding
        real = np.pad(np.ones(x.shape[2:], x.dtype), ((top, top), (left, left)))
        counts = np.zeros(size, x.dtype)
        for window in self._taps(size):
            counts += real[window]
        return 1.0 / counts
