"""The kernels of batch normalization, with an optional addition and ReLU after it.

All float32. Images are [sample][pixel][channel]; a sample is dense, and samples are a stride in
floats apart. Values per channel are dense.

Statistics are computed per sample (the mean and the squared deviations from it) and combined in the
order of the samples, so that no bit depends on how threads share the samples, and a mean far from 0
costs no precision. Formula: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm
for computing sample variances", 1979, for parts of one size.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from ..ir import vector_math
from ..ir.builder import FLOAT, Builder, Int, Mask, Value
from ..ir.loops import (
    chained_sums,
    differing_lanes,
    for_each_pixel,
    for_each_sample,
    for_each_vector,
    mean_unless_equal,
)
from ..runtime.library import Kernel, get_kernel

TABLE_ROWS = 3
"""Rows of a layer's table, of C floats: mean, 1 / sqrt(variance + eps), weight · the latter."""


@dataclass(frozen=True)
class SampleShape:
    """The pixels of a sample, and the channels of a pixel.

    Attributes
    ----------
    strides : sample strides in floats: of x and its gradient, and of y and its gradient
    """

    pixels: int
    channels: int
    strides: tuple[int, int]


def sample_moments(p: SampleShape, exact: bool = False) -> Kernel:
    """Return the kernel of every sample's mean and sum of squared deviations, by channel.

    exact: the mean of equal numbers is exactly that number, as needed where eps is 0.
    Arguments: x, moments (B, 2, C), first, last.
    """
    return get_kernel(_sample_moments, 4, p, exact) if exact else get_kernel(_sample_moments, 4, p)


def use_batch_statistics(p: SampleShape, momentum: float, eps: float) -> Kernel:
    """Return the kernel that fills the table from the batch's moments.

    It also updates the running statistics.

    Arguments: moments, rows, weight, running mean, running variance, table.
    """
    return get_kernel(_use_batch_statistics, 6, p.pixels, p.channels, float(momentum), float(eps))


def use_running_statistics(channels: int, eps: float) -> Kernel:
    """Return the kernel that fills the table from the running statistics.

    Arguments: weight, running mean, running variance, table.
    """
    return get_kernel(_use_running_statistics, 4, channels, float(eps))


def normalize(p: SampleShape, relu: bool, added: bool) -> Kernel:
    """Return the kernel y = (x - mean) · scale + bias (+ other) (then max(·, 0)).

    Arguments: x, table, bias, other (laid out like y; 0 if not added), y, first, last.
    """
    return get_kernel(_normalize, 7, p, relu, added)


def gradient_sums(p: SampleShape, relu: bool) -> Kernel:
    """Return the kernel of every sample's sums of d and of d · normalized x, by channel.

    With relu, d is first replaced by d · (y > 0), in place.
    Arguments: x, y (0 without relu), d, table, sums (B, 2, C), first, last.
    """
    return get_kernel(_gradient_sums, 7, p, relu)


def parameter_gradients(p: SampleShape) -> Kernel:
    """Return the kernel that adds up the samples' sums: the gradients of weight and bias.

    It also writes both divided by the number of values.
    Arguments: sums, rows, gradient of weight, gradient of bias, shares (2, C).
    """
    return get_kernel(_parameter_gradients, 5, p.pixels, p.channels)


def input_gradient(p: SampleShape, training: bool) -> Kernel:
    """Return the kernel dx = scale · (d - shares[0] - normalized x · shares[1]).

    If not training, dx = scale · d.

    Arguments: x, d, table, shares, dx, first, last.
    """
    return get_kernel(_input_gradient, 7, p, training)


def _sample_moments(k: Builder, p: SampleShape, exact: bool = False) -> None:
    x, moments, first, last = k.arguments

    def sample(n: Int) -> None:
        source = k.at(x, k.mul(n, p.strides[0]))
        target = k.at(moments, k.mul(n, 2 * p.channels))

        def column(offset: Int, mask: Mask) -> None:
            def value(i: Int) -> Value:
                return k.load(k.at(source, k.mul(i, p.channels)), offset, mask)

            def deviation(i: Int) -> list[Value]:
                away = k.ir.fsub(value(i), mean)
                return [k.ir.fmul(away, away)]

            (total,) = chained_sums(k, p.pixels, 1, lambda i: [value(i)])
            mean = k.ir.fdiv(total, k.constant(p.pixels))
            if exact:
                first = value(k.constant_int(0))
                (other,) = chained_sums(
                    k, p.pixels, 1, lambda i: [differing_lanes(k, value(i), first)]
                )
                mean = mean_unless_equal(k, mean, first, other)
            (spread,) = chained_sums(k, p.pixels, 1, deviation)
            k.store(mean, target, offset, mask)
            k.store(spread, k.at(target, p.channels), offset, mask)

        for_each_vector(k, p.channels, column)

    for_each_sample(k, first, last, sample)


def _use_batch_statistics(
    k: Builder, pixels: int, channels: int, momentum: float, eps: float
) -> None:
    moments, rows, weight, running_mean, running_var, table = k.arguments
    samples = _splat_count(k, rows)
    count = k.ir.fmul(samples, k.constant(pixels))

    def column(offset: Int, mask: Mask) -> None:
        def moment(n: Int, which: int) -> Value:
            return k.load(k.at(moments, k.mul(n, 2 * channels), which * channels), offset, mask)

        def spreads(n: Int) -> list[Value]:
            away = k.ir.fsub(moment(n, 0), mean)
            return [k.ir.fmul(away, away), moment(n, 1)]

        (total,) = chained_sums(k, rows, 1, lambda n: [moment(n, 0)])
        mean = k.ir.fdiv(total, samples)
        if eps == 0:
            start = moment(k.constant_int(0), 0)
            (other,) = chained_sums(k, rows, 1, lambda n: [differing_lanes(k, moment(n, 0), start)])
            mean = mean_unless_equal(k, mean, start, other)
        between, within = chained_sums(k, rows, 2, spreads)
        spread = k.fma(between, k.constant(pixels), within)
        _fill(k, (mean, k.ir.fdiv(spread, count)), eps, (weight, table, channels), (offset, mask))
        unbiased = k.ir.fdiv(spread, k.ir.fsub(count, k.constant(1)))
        for running, new in ((running_mean, mean), (running_var, unbiased)):
            old = k.ir.fmul(k.load(running, offset, mask), k.constant(momentum))
            k.store(k.fma(k.constant(1.0 - momentum), new, old), running, offset, mask)

    for_each_vector(k, channels, column)


def _use_running_statistics(k: Builder, channels: int, eps: float) -> None:
    weight, running_mean, running_var, table = k.arguments

    def column(offset: Int, mask: Mask) -> None:
        statistics = k.load(running_mean, offset, mask), k.load(running_var, offset, mask)
        _fill(k, statistics, eps, (weight, table, channels), (offset, mask))

    for_each_vector(k, channels, column)


def _fill(
    k: Builder,
    statistics: tuple[Value, Value],
    eps: float,
    where: tuple[Value, Value, int],
    column: tuple[Int, Mask],
) -> None:
    """Write a column of the table."""
    (mean, variance), (weight, table, channels), (offset, mask) = statistics, where, column
    root = vector_math.sqrt(k, k.ir.fadd(variance, k.constant(eps)))
    inverse = k.ir.fdiv(k.constant(1), root)
    scale = k.ir.fmul(k.load(weight, offset, mask), inverse)
    for row, value in enumerate((mean, inverse, scale)):
        k.store(value, k.at(table, row * channels), offset, mask)


def _normalize(k: Builder, p: SampleShape, relu: bool, added: bool) -> None:
    x, table, bias, other, y, first, last = k.arguments

    def sample(n: Int) -> None:
        source = k.at(x, k.mul(n, p.strides[0]))
        start = k.mul(n, p.strides[1])

        def column(offset: Int, mask: Mask) -> None:
            mean, _, scale = _column_of(k, table, p.channels, offset, mask)
            shift = k.load(bias, offset, mask)

            def pixel(i: Int) -> None:
                at = k.mul(i, p.channels)
                away = k.ir.fsub(k.load(k.at(source, at), offset, mask), mean)
                value, place = k.fma(away, scale, shift), k.add(start, at)
                if added:
                    value = k.ir.fadd(value, k.load(k.at(other, place), offset, mask))
                k.store(k.relu(value) if relu else value, k.at(y, place), offset, mask)

            for_each_pixel(k, p.pixels, pixel)

        for_each_vector(k, p.channels, column)

    for_each_sample(k, first, last, sample)


def _gradient_sums(k: Builder, p: SampleShape, relu: bool) -> None:
    x, y, d, table, sums, first, last = k.arguments

    def sample(n: Int) -> None:
        source = k.at(x, k.mul(n, p.strides[0]))
        on, slope = (k.at(array, k.mul(n, p.strides[1])) for array in (y, d))
        target = k.at(sums, k.mul(n, 2 * p.channels))

        def column(offset: Int, mask: Mask) -> None:
            mean, inverse, _ = _column_of(k, table, p.channels, offset, mask)

            def terms(i: Int) -> list[Value]:
                at = k.mul(i, p.channels)
                away = k.ir.fsub(k.load(k.at(source, at), offset, mask), mean)
                here = k.load(k.at(slope, at), offset, mask)
                if relu:
                    here = k.where_positive(k.load(k.at(on, at), offset, mask), here)
                    k.store(here, k.at(slope, at), offset, mask)
                return [here, k.ir.fmul(here, k.ir.fmul(away, inverse))]

            for row, value in enumerate(chained_sums(k, p.pixels, 2, terms)):
                k.store(value, k.at(target, row * p.channels), offset, mask)

        for_each_vector(k, p.channels, column)

    for_each_sample(k, first, last, sample)


def _parameter_gradients(k: Builder, pixels: int, channels: int) -> None:
    sums, rows, d_weight, d_bias, shares = k.arguments
    count = k.ir.fmul(_splat_count(k, rows), k.constant(pixels))

    def column(offset: Int, mask: Mask) -> None:
        def terms(n: Int) -> list[Value]:
            source = k.at(sums, k.mul(n, 2 * channels))
            return [k.load(k.at(source, row * channels), offset, mask) for row in range(2)]

        totals = chained_sums(k, rows, 2, terms)
        for row, (value, target) in enumerate(zip(totals, (d_bias, d_weight), strict=True)):
            k.store(value, target, offset, mask)
            k.store(k.ir.fdiv(value, count), k.at(shares, row * channels), offset, mask)

    for_each_vector(k, channels, column)


def _input_gradient(k: Builder, p: SampleShape, training: bool) -> None:
    x, d, table, shares, dx, first, last = k.arguments

    def sample(n: Int) -> None:
        slope, start = k.at(d, k.mul(n, p.strides[1])), k.mul(n, p.strides[0])

        def column(offset: Int, mask: Mask) -> None:
            mean, inverse, scale = _column_of(k, table, p.channels, offset, mask)
            same = k.load(shares, offset, mask)
            along = k.ir.fmul(k.load(k.at(shares, p.channels), offset, mask), inverse)

            def pixel(i: Int) -> None:
                at = k.mul(i, p.channels)
                value, place = k.load(k.at(slope, at), offset, mask), k.add(start, at)
                if training:
                    away = k.ir.fsub(k.load(k.at(x, place), offset, mask), mean)
                    value = k.ir.fsub(k.ir.fsub(value, same), k.ir.fmul(away, along))
                k.store(k.ir.fmul(value, scale), k.at(dx, place), offset, mask)

            for_each_pixel(k, p.pixels, pixel)

        for_each_vector(k, p.channels, column)

    for_each_sample(k, first, last, sample)


def _column_of(k: Builder, table: Value, channels: int, offset: Int, mask: Mask) -> list[Value]:
    """Return mean, inverse and scale of some channels."""
    return [k.load(k.at(table, row * channels), offset, mask) for row in range(TABLE_ROWS)]


def _splat_count(k: Builder, count: Value) -> Value:
    """Return a vector of one integer, as floats."""
    return k.splat(k.ir.sitofp(count, FLOAT)) if isinstance(count, ir.Value) else k.constant(count)
