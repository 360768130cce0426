"""Softmax along rows of floats, and its gradient; the last two arguments are the range of rows."""

from __future__ import annotations

import math

from ..ir import vector_math
from ..ir.builder import Builder, Int, Mask, Value
from ..ir.loops import fill_masked, for_each_sample, for_each_vector, reduce_row
from ..runtime.library import Kernel, get_kernel

MIN_EXPONENT = -87.0
"""exp of smaller numbers counts as 0; it would not be a normal number."""


def softmax(features: int, x_stride: int, y_stride: int) -> Kernel:
    """Return the kernel y = exp(x) / (sum of exp(x) over the row); NaN makes its row NaN.

    Arguments: x, y, first, last.
    """
    return get_kernel(_softmax, 4, features, x_stride, y_stride)


def gradient(features: int, y_stride: int, x_stride: int) -> Kernel:
    """Return the kernel dx = y · (d - sum of d · y over the row).

    Arguments: y, d, dx, first, last.
    """
    return get_kernel(_gradient, 5, features, y_stride, x_stride)


def _softmax(k: Builder, features: int, x_stride: int, y_stride: int) -> None:
    x, y, first, last = k.arguments

    def row(n: Int) -> None:
        source, target = k.at(x, k.mul(n, x_stride)), k.at(y, k.mul(n, y_stride))
        top = _largest(k, source, features)

        def power(offset: Int, mask: Mask) -> list[Value]:
            shifted = k.ir.fsub(k.load(source, offset, mask), top)
            is_zero = k.ir.fcmp_ordered("<", shifted, k.constant(MIN_EXPONENT))
            value = k.ir.select(is_zero, k.zero, vector_math.exp(k, shifted))
            k.store(value, target, offset, mask)
            return [fill_masked(k, value, mask)]

        (norm,) = reduce_row(k, features, 1, power)

        def share(offset: Int, mask: Mask) -> None:
            k.store(k.ir.fdiv(k.load(target, offset, mask), norm), target, offset, mask)

        for_each_vector(k, features, share)

    for_each_sample(k, first, last, row)


def _largest(k: Builder, source: Value, features: int) -> Value:
    """Return the largest float of a row in all lanes, ignoring NaN."""
    whole, rest = divmod(features, k.lanes)

    def larger(best: Value, value: Value) -> Value:
        return k.ir.select(k.greater(value, best), value, best)

    (best,) = k.loop(
        whole,
        lambda i, c: [larger(c[0], k.load(source, k.mul(i, k.lanes)))],
        [k.constant(-math.inf)],
    )
    if rest:
        last = k.load(source, whole * k.lanes, rest)
        best = larger(best, fill_masked(k, last, rest, -math.inf))
    return k.splat(vector_math.max_lane(k, best))


def _gradient(k: Builder, features: int, y_stride: int, x_stride: int) -> None:
    y, d, dx, first, last = k.arguments

    def row(n: Int) -> None:
        y_row, d_row = (k.at(array, k.mul(n, y_stride)) for array in (y, d))
        target = k.at(dx, k.mul(n, x_stride))

        def both(offset: Int, mask: Mask) -> tuple[Value, Value]:
            return k.load(y_row, offset, mask), k.load(d_row, offset, mask)

        (total,) = reduce_row(k, features, 1, lambda *at: [k.ir.fmul(*both(*at))])

        def element(offset: Int, mask: Mask) -> None:
            value, here = both(offset, mask)
            k.store(k.ir.fmul(value, k.ir.fsub(here, total)), target, offset, mask)

        for_each_vector(k, features, element)

    for_each_sample(k, first, last, row)
