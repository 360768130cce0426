"""Layer normalization of rows of floats, and its gradients.

All float32. ``statistics`` has two floats per row: mean, and 1 / sqrt(variance + eps). Weight and
bias are dense; kernels without them take 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..ir import vector_math
from ..ir.builder import Builder, Int, Mask, Value
from ..ir.loops import (
    chained_sums,
    differing_lanes,
    fill_masked,
    for_each_sample,
    for_each_vector,
    mean_unless_equal,
    reduce_row,
)
from ..runtime.library import Kernel, get_kernel


@dataclass(frozen=True)
class RowShape:
    """The features of a row; row strides of x and its gradient, and of y and its gradient."""

    features: int
    x_stride: int
    y_stride: int
    affine: bool


def normalize(rows: RowShape, eps: float) -> Kernel:
    """Return the kernel y = (x - mean) / sqrt(variance + eps) · weight + bias, by row.

    Arguments: x, weight, bias, y, statistics, first, last (rows).
    """
    return get_kernel(_normalize, 7, rows, float(eps))


def input_gradient(rows: RowShape) -> Kernel:
    """Return the kernel of dx. Arguments: x, weight, d, statistics, dx, first, last (rows)."""
    return get_kernel(_input_gradient, 7, rows)


def parameter_gradients(rows: RowShape) -> Kernel:
    """Return the kernel of the sums over all rows of d · normalized x, and of d.

    Arguments: x, d, statistics, gradient of weight, gradient of bias, rows, first, last (features;
    first is a multiple of 16, last is one or all features).
    """
    return get_kernel(_parameter_gradients, 8, rows)


def _normalize(k: Builder, rows: RowShape, eps: float) -> None:
    x, weight, bias, y, statistics, first, last = k.arguments
    share = k.constant(rows.features)

    def row(n: Int) -> None:
        source, target = k.at(x, k.mul(n, rows.x_stride)), k.at(y, k.mul(n, rows.y_stride))
        (total,) = reduce_row(k, rows.features, 1, lambda *at: [k.load(source, *at)])
        mean = k.ir.fdiv(total, share)
        if eps == 0:
            start = k.splat(k.load_scalar(source))
            (other,) = reduce_row(
                k,
                rows.features,
                1,
                lambda i, mask: [
                    fill_masked(k, differing_lanes(k, k.load(source, i, mask), start), mask)
                ],
            )
            mean = mean_unless_equal(k, mean, start, other)

        def deviation(offset: Int, mask: Mask) -> Value:
            return k.ir.fsub(k.load(source, offset, mask), mean)

        def square(offset: Int, mask: Mask) -> list[Value]:
            value = fill_masked(k, deviation(offset, mask), mask)
            return [k.ir.fmul(value, value)]

        (spread,) = reduce_row(k, rows.features, 1, square)
        root = vector_math.sqrt(k, k.ir.fadd(k.ir.fdiv(spread, share), k.constant(eps)))
        inverse = k.ir.fdiv(k.constant(1), root)

        def element(offset: Int, mask: Mask) -> None:
            value = k.ir.fmul(deviation(offset, mask), inverse)
            if rows.affine:
                value = k.fma(value, k.load(weight, offset, mask), k.load(bias, offset, mask))
            k.store(value, target, offset, mask)

        for_each_vector(k, rows.features, element)
        for place, value in enumerate((mean, inverse)):
            k.store(value, k.at(statistics, k.mul(n, 2)), place, 1)

    for_each_sample(k, first, last, row)


def _input_gradient(k: Builder, rows: RowShape) -> None:
    x, weight, d, statistics, dx, first, last = k.arguments
    share = k.constant(1.0 / rows.features)

    def row(n: Int) -> None:
        source, target = (k.at(array, k.mul(n, rows.x_stride)) for array in (x, dx))
        slope = k.at(d, k.mul(n, rows.y_stride))
        mean, inverse = _statistics(k, statistics, n)

        def both(offset: Int, mask: Mask) -> tuple[Value, Value]:
            """Return the gradient of the normalized values, and the normalized values."""
            here = k.load(slope, offset, mask)
            if rows.affine:
                here = k.ir.fmul(here, k.load(weight, offset, mask))
            return here, k.ir.fmul(k.ir.fsub(k.load(source, offset, mask), mean), inverse)

        def terms(offset: Int, mask: Mask) -> list[Value]:
            here, normal = both(offset, mask)
            return [here, k.ir.fmul(here, normal)]

        same, along = (k.ir.fmul(s, share) for s in reduce_row(k, rows.features, 2, terms))

        def element(offset: Int, mask: Mask) -> None:
            here, normal = both(offset, mask)
            value = k.ir.fsub(k.ir.fsub(here, same), k.ir.fmul(normal, along))
            k.store(k.ir.fmul(value, inverse), target, offset, mask)

        for_each_vector(k, rows.features, element)

    for_each_sample(k, first, last, row)


def _parameter_gradients(k: Builder, rows: RowShape) -> None:
    x, d, statistics, d_weight, d_bias, count, first, last = k.arguments

    def column(offset: Int, mask: Mask) -> None:
        def terms(n: Int) -> list[Value]:
            mean, inverse = _statistics(k, statistics, n)
            here = k.load(k.at(d, k.mul(n, rows.y_stride)), offset, mask)
            value = k.load(k.at(x, k.mul(n, rows.x_stride)), offset, mask)
            return [k.ir.fmul(here, k.ir.fmul(k.ir.fsub(value, mean), inverse)), here]

        totals = chained_sums(k, count, 2, terms)
        for value, target in zip(totals, (d_weight, d_bias), strict=True):
            k.store(value, target, offset, mask)

    whole = k.div(k.maximum(k.sub(last, first), 0), k.lanes)
    k.loop(whole, lambda i, _: column(k.add(first, k.mul(i, k.lanes)), None))
    rest = rows.features % k.lanes
    if rest:
        start = rows.features - rest
        k.if_then(k.less(k.maximum(first, start), last), lambda: column(start, rest))


def _statistics(k: Builder, statistics: Value, n: Int) -> tuple[Value, Value]:
    place = k.at(statistics, k.mul(n, 2))
    return k.splat(k.load_scalar(place)), k.splat(k.load_scalar(place, 1))
