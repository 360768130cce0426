"""Kernels that copy rows of floats, in the same order or transposed.

The last two arguments of a kernel are the range of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..ir import shuffles
from ..ir.builder import Builder, Int, Mask, Value
from ..ir.loops import for_each_row_vector, for_each_sample, for_each_vector
from ..runtime.library import Kernel, get_kernel


def copy(features: int, x_stride: int, y_stride: int) -> Kernel:
    """Return the kernel y = x. Arguments: x, y, first, last."""
    return get_kernel(_copy, 4, features, x_stride, y_stride)


def to_planar(pixels: int, channels: int, y_stride: int) -> Kernel:
    """Return the kernel from rows of [pixel][channel] to rows of [channel][pixel].

    Arguments: x (dense), y, first, last.
    """
    return get_kernel(_to_planar, 4, pixels, channels, y_stride)


def from_planar(pixels: int, channels: int, x_stride: int) -> Kernel:
    """Return the kernel from rows of [channel][pixel] to rows of [pixel][channel].

    Arguments: x, y (dense), first, last.
    """
    return get_kernel(_from_planar, 4, pixels, channels, x_stride)


def transpose(sizes: Sequence[int], order: Sequence[int], x_stride: int, y_stride: int) -> Kernel:
    """Return the kernel that permutes the axes of every sample: axis i of y is order[i] of x.

    sizes: the axes of a sample of x, which is dense. Arguments: x, y, first, last (samples).
    """
    return get_kernel(_transpose, 4, tuple(sizes), tuple(order), x_stride, y_stride)


def _copy(k: Builder, features: int, x_stride: int, y_stride: int) -> None:
    x, y, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        value = k.load(k.at(x, k.mul(row, x_stride)), offset, mask)
        k.store(value, k.at(y, k.mul(row, y_stride)), offset, mask)

    for_each_row_vector(k, first, last, features, part)


def _to_planar(k: Builder, pixels: int, channels: int, y_stride: int) -> None:
    x, y, first, last = k.arguments

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        source, target = k.at(x, k.mul(b, pixels * channels)), k.at(y, k.mul(b, y_stride))
        _transpose_block(k, source, target, channels, pixels)

    k.loop(k.sub(last, first), row)


def _from_planar(k: Builder, pixels: int, channels: int, x_stride: int) -> None:
    x, y, first, last = k.arguments

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        source, target = k.at(x, k.mul(b, x_stride)), k.at(y, k.mul(b, pixels * channels))
        _transpose_block(k, source, target, pixels, channels)

    k.loop(k.sub(last, first), row)


def _transpose_block(k: Builder, source: Value, target: Value, columns: int, rows: int) -> None:
    """Write source[row][column] to target[column][row], in square blocks as wide as a vector."""

    def block(row: Int, column: Int, height: int, width: int) -> None:
        start = k.at(source, k.mul(row, columns), column)
        lines = [k.load(start, i * columns, width) for i in range(height)]
        transposed = shuffles.transpose(k, [*lines, *[None] * (k.lanes - height)])
        for j, line in enumerate(transposed[:width]):
            k.store(line, k.at(target, k.mul(column, rows), row), j * rows, height)

    def band(row: Int, height: int) -> None:
        _blocks(k, columns, lambda column, width: block(row, column, height, width))

    _blocks(k, rows, band)


def _blocks(k: Builder, length: int, body: Callable[[Int, int], None]) -> None:
    """Emit body(first, size) for a length in vectors, of which the last may not be full."""
    whole, rest = divmod(length, k.lanes)
    k.loop(whole, lambda i, _: body(k.mul(i, k.lanes), k.lanes))
    if rest:
        body(whole * k.lanes, rest)


def _transpose(
    k: Builder, sizes: tuple[int, ...], order: tuple[int, ...], x_stride: int, y_stride: int
) -> None:
    x, y, first, last = k.arguments
    # Strides of the axes of y: in y, and in x.
    counts = [sizes[axis] for axis in order]
    in_y = [math.prod(counts[i + 1 :]) for i in range(len(counts))]
    in_x = [math.prod(sizes[axis + 1 :]) for axis in order]

    def nest(axes: list[int], source: Value, target: Value) -> None:
        if len(axes) == 1:
            _run(k, source, target, counts[axes[0]], in_x[axes[0]])
            return
        axis, inner = axes[0], axes[1:]
        k.loop(
            counts[axis],
            lambda i, _: nest(
                inner, k.at(source, k.mul(i, in_x[axis])), k.at(target, k.mul(i, in_y[axis]))
            ),
        )

    def sample(n: Int) -> None:
        nest(list(range(len(order))), k.at(x, k.mul(n, x_stride)), k.at(y, k.mul(n, y_stride)))

    for_each_sample(k, first, last, sample)


def _run(k: Builder, source: Value, target: Value, count: int, stride: int) -> None:
    """Copy strided floats to adjacent ones."""
    if stride == 1:

        def move(offset: Int, mask: Mask) -> None:
            k.store(k.load(source, offset, mask), target, offset, mask)

        for_each_vector(k, count, move)
        return

    def one(i: Value, _: object) -> None:
        k.store_scalar(k.load_scalar(k.at(source, k.mul(i, stride))), k.at(target, i))

    k.loop(count, one)
