"""Kernels that copy rows of floats, in the same order or another one.

The last two arguments are the range of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..ir import shuffles
from ..ir.builder import Builder, Int, Mask, Value
from ..ir.loops import for_each_row_vector, for_each_sample, for_each_vector
from ..runtime.library import Kernel, get_kernel


def copy(features: int, x_pitch: int, y_pitch: int) -> Kernel:
    """Return y = x. Arguments: x, y, first, last."""
    return get_kernel(_copy, 4, features, x_pitch, y_pitch)


def to_planar(pixels: int, channels: int, y_pitch: int) -> Kernel:
    """Return rows of [pixel][channel] as rows of [channel][pixel]. Arguments: x, y, first, last."""
    return get_kernel(_planar, 4, pixels, channels, y_pitch)


def from_planar(pixels: int, channels: int, x_pitch: int) -> Kernel:
    """Return rows of [channel][pixel] as rows of [pixel][channel]. Arguments: x, y, first, last."""
    return get_kernel(_unplanar, 4, pixels, channels, x_pitch)


def transpose(sizes: Sequence[int], order: Sequence[int], x_pitch: int, y_pitch: int) -> Kernel:
    """Y = x, axis i of y being axis order[i] of x; samples are dense, (x) of these sizes.

    Arguments: x, y, first, last (samples).
    """
    return get_kernel(_transpose, 4, tuple(sizes), tuple(order), x_pitch, y_pitch)


def _copy(k: Builder, features: int, x_pitch: int, y_pitch: int) -> None:
    x, y, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        value = k.load(k.at(x, k.mul(row, x_pitch)), offset, mask)
        k.store(value, k.at(y, k.mul(row, y_pitch)), offset, mask)

    for_each_row_vector(k, first, last, features, part)


def _planar(k: Builder, pixels: int, channels: int, y_pitch: int) -> None:
    x, y, first, last = k.arguments

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        source, target = k.at(x, k.mul(b, pixels * channels)), k.at(y, k.mul(b, y_pitch))
        _turn(k, source, target, channels, pixels)

    k.loop(k.sub(last, first), row)


def _unplanar(k: Builder, pixels: int, channels: int, x_pitch: int) -> None:
    x, y, first, last = k.arguments

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        source, target = k.at(x, k.mul(b, x_pitch)), k.at(y, k.mul(b, pixels * channels))
        _turn(k, source, target, pixels, channels)

    k.loop(k.sub(last, first), row)


def _turn(k: Builder, source: Value, target: Value, columns: int, rows: int) -> None:
    """Write source[row][column] to target[column][row], in blocks as wide as a vector."""

    def block(row: Int, column: Int, height: int, width: int) -> None:
        start = k.at(source, k.mul(row, columns), column)
        lines = [k.load(start, i * columns, width) for i in range(height)]
        turned = shuffles.transpose(k, [*lines, *[None] * (k.lanes - height)])
        for j, line in enumerate(turned[:width]):
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
    k: Builder, sizes: tuple[int, ...], order: tuple[int, ...], x_pitch: int, y_pitch: int
) -> None:
    x, y, first, last = k.arguments
    # How far one further along each axis of y moves on: in y, and in x.
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
        nest(list(range(len(order))), k.at(x, k.mul(n, x_pitch)), k.at(y, k.mul(n, y_pitch)))

    for_each_sample(k, first, last, sample)


def _run(k: Builder, source: Value, target: Value, count: int, stride: int) -> None:
    """Write floats side by side that lie a stride apart."""
    if stride == 1:

        def move(offset: Int, mask: Mask) -> None:
            k.store(k.load(source, offset, mask), target, offset, mask)

        for_each_vector(k, count, move)
        return

    def one(i: Value, _: object) -> None:
        k.store_scalar(k.load_scalar(k.at(source, k.mul(i, stride))), k.at(target, i))

    k.loop(count, one)
