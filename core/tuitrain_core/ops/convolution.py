"""Convolution of images, as matrix products with gathered patches (im2col)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import CoreError, ShapeError
from ..kernels import convolution as kernels
from . import checks
from .base import Array, Op

# Columns are KH·KW times as large as their images. They are gathered for a few samples at a time,
# so that they stay in the second-level cache, and gathered again in the backward pass. The number
# of samples depends on sizes only, so the order of every sum does too.
_COLUMNS = 2**17


@dataclass(frozen=True, slots=True)
class Conv2d(Op):
    """Cross-correlation, which neural networks call convolution.

    Shapes: x (N, C, H, W), weight (O, C / groups, KH, KW), optionally bias (1, O, 1, 1);
    output (N, O, (H + 2·padding - KH) // stride + 1, likewise for W).
    """

    name: ClassVar[str] = "conv2d"
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, weight, *bias = inputs
        height, width = self._check(x, weight, *bias)
        (N, G), out = (x.shape[0], self.groups), weight.shape[0]
        output = np.empty((N, out, height, width), x.dtype)
        grouped = output.reshape(N, G, out // G, height * width)
        matrices = weight.reshape(G, out // G, -1)
        for samples, columns in self._columns(x, weight, height, width):
            np.matmul(matrices, columns, out=grouped[samples])
            if bias:
                output[samples] += bias[0]
        return output, (x, weight)

    def infer_output(self, *inputs: Array) -> Array:
        x, weight, *_ = inputs
        size = self._check(*inputs)
        return np.zeros((len(x), len(weight), *size), x.dtype)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        x, weight = saved
        grad = np.ascontiguousarray(grad)
        d_x = self._grad_of_input(x, weight, grad) if needs[0] else None
        d_weight = self._grad_of_weight(x, weight, grad) if needs[1] else None
        if len(needs) == 2:
            return d_x, d_weight
        return d_x, d_weight, grad.sum((0, 2, 3), keepdims=True) if needs[2] else None

    def _grad_of_input(self, x: Array, weight: Array, grad: Array) -> Array:
        N, out, height, width = grad.shape
        G = self.groups
        matrices = weight.reshape(G, out // G, -1).swapaxes(1, 2)
        grouped = grad.reshape(N, G, out // G, height * width)
        (top, left), (H, W) = self.padding, x.shape[2:]
        result = np.zeros((*x.shape[:2], H + 2 * top, W + 2 * left), x.dtype)
        for samples in self._samples(x, weight, height, width):
            columns = np.matmul(matrices, grouped[samples])
            kernels.col2im(
                columns.reshape(-1, x.shape[1], *weight.shape[2:], height, width),
                result[samples],
                *self.stride,
            )
        return result[:, :, top : top + H, left : left + W]

    def _grad_of_weight(self, x: Array, weight: Array, grad: Array) -> Array:
        N, out, height, width = grad.shape
        G = self.groups
        grouped = grad.reshape(N, G, out // G, height * width)
        result = np.zeros((G, out // G, weight[0].size), weight.dtype)
        for samples, columns in self._columns(x, weight, height, width):
            result += np.matmul(grouped[samples], columns.swapaxes(2, 3)).sum(0)
        return result.reshape(weight.shape)

    def _columns(
        self, x: Array, weight: Array, height: int, width: int
    ) -> Iterator[tuple[slice, Array]]:
        """Yield slices of the batch, each with its columns (n, groups, C·KH·KW / groups, P)."""
        shape = (x.shape[1], *weight.shape[2:], height, width)
        padded = self._padded(x)
        slices = self._samples(x, weight, height, width)
        buffer = np.empty((len(padded[slices[0]]) if slices else 0, *shape), x.dtype)
        for samples in slices:
            images = padded[samples]
            columns = buffer[: len(images)]
            kernels.im2col(images, columns, *self.stride)
            yield samples, columns.reshape(len(images), self.groups, -1, height * width)

    def _padded(self, x: Array) -> Array:
        if self.padding == (0, 0):
            return x
        (top, left), (N, C, H, W) = self.padding, x.shape
        result = np.zeros((N, C, H + 2 * top, W + 2 * left), x.dtype)
        result[:, :, top : top + H, left : left + W] = x
        return result

    def _samples(self, x: Array, weight: Array, height: int, width: int) -> list[slice]:
        """Return slices of the batch whose columns fit into the cache."""
        one = x.shape[1] * weight[0, 0].size * height * width
        count = max(1, _COLUMNS // one)
        return [slice(i, i + count) for i in range(0, x.shape[0], count)]

    def _check(self, x: Array, weight: Array, bias: Array | None = None) -> tuple[int, int]:
        """Return the size of the output images."""
        checks.axes(self.name, "input", x, 4, "(N, C, H, W)")
        checks.axes(self.name, "weight", weight, 4, "(out, in / groups, height, width)")
        checks.floating(
            self.name, input=x, weight=weight, **({} if bias is None else {"bias": bias})
        )
        (C, G), out = (x.shape[1], self.groups), weight.shape[0]
        checks.at_least_1(self.name, groups=G, in_channels=C, out_channels=out)
        if out % G:
            raise CoreError(f"conv2d: {out} output channels do not divide into {G} groups")
        if weight.shape[1] * G != C:
            grouped = f" in each of {G} groups" if G > 1 else ""
            raise ShapeError(
                f"conv2d: the input has {C} channels, the weight {weight.shape} takes "
                f"{weight.shape[1]}{grouped}"
            )
        if bias is not None and bias.shape != (1, out, 1, 1):
            raise ShapeError(f"conv2d: the bias has shape {bias.shape}, not {(1, out, 1, 1)}")
        kernel = (weight.shape[2], weight.shape[3])
        return checks.count_windows(
            self.name, (x.shape[2], x.shape[3]), kernel, self.stride, self.padding
        )


@dataclass(frozen=True, slots=True)
class ConvTranspose2d(Op):
    """The transpose of `Conv2d`: x (N, C, H, W), weight (C, O, KH, KW).

    Output (N, O, (H - 1)·stride - 2·padding + KH + output_padding, likewise for W).
    """

    name: ClassVar[str] = "conv_transpose2d"
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    output_padding: tuple[int, int] = (0, 0)

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, weight = inputs
        size = self._check(x, weight)
        images = np.empty((x.shape[0], weight.shape[1], *size), x.dtype)
        output = self._convolution._grad_of_input(images, weight, np.ascontiguousarray(x))
        return np.ascontiguousarray(output), (x, weight)

    def infer_output(self, *inputs: Array) -> Array:
        x, weight = inputs
        return np.zeros((x.shape[0], weight.shape[1], *self._check(x, weight)), x.dtype)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        x, weight = saved
        grad = np.ascontiguousarray(grad)
        d_x = d_weight = None
        if needs[0]:
            height, width = x.shape[2:]
            d_x = self._convolution.forward(grad, weight)[0][:, :, :height, :width]
        if needs[1]:
            d_weight = self._convolution._grad_of_weight(grad, weight, np.ascontiguousarray(x))
        return d_x, d_weight

    @property
    def _convolution(self) -> Conv2d:
        return Conv2d(self.stride, self.padding)

    def _check(self, x: Array, weight: Array) -> tuple[int, int]:
        """Return the size of the output images."""
        checks.axes(self.name, "input", x, 4, "(N, C, H, W)")
        checks.axes(self.name, "weight", weight, 4, "(in, out, height, width)")
        checks.floating(self.name, input=x, weight=weight)
        if x.shape[1] != weight.shape[0]:
            raise ShapeError(
                f"conv_transpose2d: the input has {x.shape[1]} channels, the weight "
                f"{weight.shape} takes {weight.shape[0]}"
            )
        if any(not 0 <= o < s for o, s in zip(self.output_padding, self.stride, strict=True)):
            raise CoreError(
                f"conv_transpose2d: output_padding {self.output_padding} must be at least 0 and "
                f"below the stride {self.stride}"
            )
        sizes = [
            (n - 1) * s - 2 * p + k + o
            for n, s, p, k, o in zip(
                x.shape[2:],
                self.stride,
                self.padding,
                weight.shape[2:],
                self.output_padding,
                strict=True,
            )
        ]
        if min(sizes) < 1:
            raise ShapeError(f"conv_transpose2d: the output of size {tuple(sizes)} is empty")
        return sizes[0], sizes[1]
