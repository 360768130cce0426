"""Kernels that go once over rows of floats. The last two arguments are the range of rows."""

from __future__ import annotations

from collections.abc import Callable

from . import reorder
from .builder import Builder, Int, Value
from .library import Kernel, kernel


def relu_gradient(features: int, pitch: int) -> Kernel:
    """Return d · (y > 0), in place of d. Arguments: y, d, first, last; both of one pitch.

    A product with the mask, so that what is not finite in d stays in sight.
    """
    return kernel(_relu_gradient, 4, features, pitch)


def add(features: int, pitch: int) -> Kernel:
    """Return a + b, in place of a. Arguments: a, b, first, last; both of one pitch."""
    return kernel(_add, 4, features, pitch)


def copy(features: int, x_pitch: int, y_pitch: int) -> Kernel:
    """Return y = x. Arguments: x, y, first, last."""
    return kernel(_copy, 4, features, x_pitch, y_pitch)


def planar(pixels: int, channels: int, y_pitch: int) -> Kernel:
    """Return rows of [pixel][channel] as rows of [channel][pixel]. Arguments: x, y, first, last."""
    return kernel(_planar, 4, pixels, channels, y_pitch)


def unplanar(pixels: int, channels: int, x_pitch: int) -> Kernel:
    """Return rows of [channel][pixel] as rows of [pixel][channel]. Arguments: x, y, first, last."""
    return kernel(_unplanar, 4, pixels, channels, x_pitch)


def _relu_gradient(k: Builder, features: int, pitch: int) -> None:
    y, d, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        target = k.at(d, k.mul(row, pitch))
        on = k.load(k.at(y, k.mul(row, pitch)), offset, mask)
        k.store(k.where_positive(on, k.load(target, offset, mask)), target, offset, mask)

    each_vector(k, first, last, features, part)


def _add(k: Builder, features: int, pitch: int) -> None:
    a, b, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        target = k.at(a, k.mul(row, pitch))
        other = k.load(k.at(b, k.mul(row, pitch)), offset, mask)
        k.store(k.ir.fadd(k.load(target, offset, mask), other), target, offset, mask)

    each_vector(k, first, last, features, part)


def _copy(k: Builder, features: int, x_pitch: int, y_pitch: int) -> None:
    x, y, first, last = k.arguments

    def part(row: Value, offset: Value, mask: object) -> None:
        value = k.load(k.at(x, k.mul(row, x_pitch)), offset, mask)
        k.store(value, k.at(y, k.mul(row, y_pitch)), offset, mask)

    each_vector(k, first, last, features, part)


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
        turned = reorder.transpose(k, [*lines, *[None] * (k.lanes - height)])
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


def each_vector(
    k: Builder,
    first: Value,
    last: Value,
    features: int,
    part: Callable[[Value, Value, object], None],
) -> None:
    """Call part(row, offset, mask) for every vector of every row from first to last."""
    whole, rest = divmod(features, k.lanes)

    def row(i: Value, _: object) -> None:
        b = k.add(first, i)
        k.loop(whole, lambda j, _: part(b, k.mul(j, k.lanes), None))
        if rest:
            part(b, k.integer(whole * k.lanes), rest)

    k.loop(k.sub(last, first), row)
