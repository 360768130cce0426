"""Softmax along rows of floats, and its gradient. The last two arguments are the range of rows."""

from __future__ import annotations

import math

from ..ir import vector_math
from ..ir.builder import Builder, Int, Mask, Value
from ..ir.loops import fill_masked, for_each_sample, for_each_vector, reduce_row
from ..runtime.library import Kernel, get_kernel

MIN_EXPONENT = -87.0
"""exp of less is 0 here: it is no normal number."""


def softmax(features: int, x_pitch: int, y_pitch: int) -> Kernel:
    """Y = exp(x) / the sum of exp(x) over the row. Arguments: x, y, first, last.

    A NaN makes its row NaN.
    """
    return get_kernel(_softmax, 4, features, x_pitch, y_pitch)


def gradient(features: int, y_pitch: int, x_pitch: int) -> Kernel:
    """Return dx = y · (d - the sum of d · y over the row). Arguments: y, d, dx, first, last."""
    return get_kernel(_gradient, 5, features, y_pitch, x_pitch)


def _softmax(k: Builder, features: int, x_pitch: int, y_pitch: int) -> None:
    x, y, first, last = k.arguments

    def row(n: Int) -> None:
        source, target = k.at(x, k.mul(n, x_pitch)), k.at(y, k.mul(n, y_pitch))
        top = _largest(k, source, features)

        def power(offset: Int, mask: Mask) -> list[Value]:
            shifted = k.ir.fsub(k.load(source, offset, mask), top)
            gone = k.ir.fcmp_ordered("<", shifted, k.constant(MIN_EXPONENT))
            value = k.ir.select(gone, k.zero, vector_math.exp(k, shifted))
            k.store(value, target, offset, mask)
            return [fill_masked(k, value, mask)]

        (norm,) = reduce_row(k, features, 1, power)

        def share(offset: Int, mask: Mask) -> None:
            k.store(k.ir.fdiv(k.load(target, offset, mask), norm), target, offset, mask)

        for_each_vector(k, features, share)

    for_each_sample(k, first, last, row)


def _largest(k: Builder, source: Value, features: int) -> Value:
    """Return the largest float of a row in all lanes; NaN does not count."""
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


def _gradient(k: Builder, features: int, y_pitch: int, x_pitch: int) -> None:
    y, d, dx, first, last = k.arguments

    def row(n: Int) -> None:
        found, slope = (k.at(each, k.mul(n, y_pitch)) for each in (y, d))
        target = k.at(dx, k.mul(n, x_pitch))

        def both(offset: Int, mask: Mask) -> tuple[Value, Value]:
            return k.load(found, offset, mask), k.load(slope, offset, mask)

        (total,) = reduce_row(k, features, 1, lambda *at: [k.ir.fmul(*both(*at))])

        def element(offset: Int, mask: Mask) -> None:
            value, here = both(offset, mask)
            k.store(k.ir.fmul(value, k.ir.fsub(here, total)), target, offset, mask)

        for_each_vector(k, features, element)

    for_each_sample(k, first, last, row)
