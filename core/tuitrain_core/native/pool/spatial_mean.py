"""The mean over the pixels of a sample (or the tokens of a sequence), and its gradient.

All float32, [sample][pixel][channel]; the last two arguments of a kernel are the range of samples.
"""

from __future__ import annotations

from ..ir.builder import Builder, Int, Mask
from ..ir.loops import chained_sums, for_each_pixel, for_each_sample, for_each_vector
from ..runtime.library import Kernel, get_kernel


def scaled_sum(pixels: int, channels: int, x_stride: int, y_stride: int, share: float) -> Kernel:
    """Return the kernel y[n][c] = share · (sum of x[n][pixel][c]). Arguments: x, y, first, last."""
    return get_kernel(_scaled_sum, 4, pixels, channels, x_stride, y_stride, float(share))


def scaled_sum_gradient(
    pixels: int, channels: int, d_stride: int, x_stride: int, share: float
) -> Kernel:
    """Return the kernel dx[n][pixel][c] = share · d[n][c]. Arguments: d, dx, first, last."""
    return get_kernel(_scaled_sum_gradient, 4, pixels, channels, d_stride, x_stride, float(share))


def _scaled_sum(
    k: Builder, pixels: int, channels: int, x_stride: int, y_stride: int, share: float
) -> None:
    x, y, first, last = k.arguments

    def sample(n: Int) -> None:
        source, target = k.at(x, k.mul(n, x_stride)), k.at(y, k.mul(n, y_stride))

        def column(offset: Int, mask: Mask) -> None:
            (total,) = chained_sums(
                k, pixels, 1, lambda i: [k.load(k.at(source, k.mul(i, channels)), offset, mask)]
            )
            k.store(k.ir.fmul(total, k.constant(share)), target, offset, mask)

        for_each_vector(k, channels, column)

    for_each_sample(k, first, last, sample)


def _scaled_sum_gradient(
    k: Builder, pixels: int, channels: int, d_stride: int, x_stride: int, share: float
) -> None:
    d, dx, first, last = k.arguments

    def sample(n: Int) -> None:
        source, target = k.at(d, k.mul(n, d_stride)), k.at(dx, k.mul(n, x_stride))

        def column(offset: Int, mask: Mask) -> None:
            value = k.ir.fmul(k.load(source, offset, mask), k.constant(share))
            for_each_pixel(
                k, pixels, lambda i: k.store(value, k.at(target, k.mul(i, channels)), offset, mask)
            )

        for_each_vector(k, channels, column)

    for_each_sample(k, first, last, sample)
