"""The average over the pixels of a sample (or the tokens of a sequence), and its gradient.

All float32, [sample][pixel][channel]; the last two arguments are the range of samples.
"""

from __future__ import annotations

from ..ir.builder import Builder, Int, Mask
from ..ir.loops import chained_sums, for_each_pixel, for_each_sample, for_each_vector
from ..runtime.library import Kernel, get_kernel


def scaled_sum(pixels: int, channels: int, x_pitch: int, y_pitch: int, share: float) -> Kernel:
    """Y[n][c] = share · the sum of x[n][pixel][c]. Arguments: x, y, first, last."""
    return get_kernel(_average, 4, pixels, channels, x_pitch, y_pitch, float(share))


def scaled_sum_gradient(
    pixels: int, channels: int, d_pitch: int, x_pitch: int, share: float
) -> Kernel:
    """dx[n][pixel][c] = share · d[n][c]. Arguments: d, dx, first, last."""
    return get_kernel(_spread, 4, pixels, channels, d_pitch, x_pitch, float(share))


def _average(
    k: Builder, pixels: int, channels: int, x_pitch: int, y_pitch: int, share: float
) -> None:
    x, y, first, last = k.arguments

    def sample(n: Int) -> None:
        source, target = k.at(x, k.mul(n, x_pitch)), k.at(y, k.mul(n, y_pitch))

        def column(offset: Int, mask: Mask) -> None:
            (total,) = chained_sums(
                k, pixels, 1, lambda i: [k.load(k.at(source, k.mul(i, channels)), offset, mask)]
            )
            k.store(k.ir.fmul(total, k.constant(share)), target, offset, mask)

        for_each_vector(k, channels, column)

    for_each_sample(k, first, last, sample)


def _spread(
    k: Builder, pixels: int, channels: int, d_pitch: int, x_pitch: int, share: float
) -> None:
    d, dx, first, last = k.arguments

    def sample(n: Int) -> None:
        source, target = k.at(d, k.mul(n, d_pitch)), k.at(dx, k.mul(n, x_pitch))

        def column(offset: Int, mask: Mask) -> None:
            value = k.ir.fmul(k.load(source, offset, mask), k.constant(share))
            for_each_pixel(
                k, pixels, lambda i: k.store(value, k.at(target, k.mul(i, channels)), offset, mask)
            )

        for_each_vector(k, channels, column)

    for_each_sample(k, first, last, sample)
