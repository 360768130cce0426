"""Emitters that move images: the zero border, the spread gradient, and the way back from a pool."""

from __future__ import annotations

from collections.abc import Callable

from .builder import Builder, Int, Mask, Value
from .geometry import Geometry

STEPS = 8  # vectors copied by one round of a loop; shorter runs have no loop


def pad(k: Builder, g: Geometry) -> None:
    """Arguments x, xp, first, last: copy samples into the middle of a border of zeros."""
    x, xp, first, last = k.arguments
    py, px = g.padding
    row, border = g.W * g.C, 2 * px * g.C
    ends = (py * g.PW + px) * g.C  # above the first row with its left border; below the last

    def sample(n: Int) -> None:
        source = k.at(x, k.mul(n, g.H * row))
        target = k.at(xp, k.mul(n, g.PH * g.PW * g.C))
        fill(k, target, ends)
        _rows(k, source, k.at(target, ends), g.H, row, row, row + border)
        _gaps(k, k.at(target, ends + row), g.H - 1, border, row + border)
        fill(k, k.at(target, g.PH * g.PW * g.C - ends), ends)

    _samples(k, first, last, sample)


def crop(k: Builder, g: Geometry, image: Value, x: Value) -> None:
    """Copy the middle of an image with its border, at one address, to another."""
    py, px = g.padding
    row = g.W * g.C
    _rows(k, k.at(image, (py * g.PW + px) * g.C), x, g.H, row, g.PW * g.C, row)


def spread(k: Builder, g: Geometry, lines: bool) -> None:
    """Arguments D, Ds, first, last: the output gradient, `stride` apart, zeros between and around.

    Row oy of D lies at row oy · stride + KH - 1 - padding of Ds; what lies outside is left away,
    for no pixel of the input but only its padding saw it. Columns alike.

    lines: write the rows alone in which a row of D lies; those of zeros are left as they are.
    """
    d, ds, first, last = k.arguments
    rows, columns = g.spread_rows, g.spread_columns
    line = g.SW * g.O

    def sample(n: Int) -> None:
        source = k.at(d, k.mul(n, g.OH * g.OW * g.O), (rows.first * g.OW + columns.first) * g.O)
        target = k.at(ds, k.mul(n, g.SH * line))
        if not lines:
            fill(k, target, g.SH * line)

        def row(y: Value, _: list[Value]) -> None:
            from_row = k.at(source, k.mul(y, g.OW * g.O))
            to_row = k.at(target, k.mul(k.add(k.mul(y, rows.step), rows.place), line))
            if lines:
                fill(k, to_row, line)
            corner = k.at(to_row, columns.place * g.O)
            if columns.step == 1:
                copy(k, from_row, corner, columns.count * g.O)
            else:
                _rows(k, from_row, corner, columns.count, g.O, g.O, columns.step * g.O)

        k.loop(rows.count, row)

    _samples(k, first, last, sample)


def unpool(k: Builder, g: Geometry) -> None:
    """Arguments dY, I, D, first, last: the gradient of a 2x2 maximum, to where the maximum was."""
    dy, index, d, first, last = k.arguments
    height, width = g.OH // 2, g.OW // 2

    def pixel(source: Value, target: Value, where: Value) -> None:
        for offset, mask in k.columns(g.O):
            value, at = k.load(source, offset, mask), k.load(where, offset, mask)
            for place in range(4):
                here = k.ir.fcmp_ordered("==", at, k.constant(place))
                pixel = (place // 2 * g.OW + place % 2) * g.O
                k.store(k.ir.select(here, value, k.zero), target, pixel + offset, mask)

    def sample(n: Int) -> None:
        base = k.mul(n, height * width * g.O)
        target = k.at(d, k.mul(n, g.OH * g.OW * g.O))

        def row(y: Value, _: list[Value]) -> None:
            start = k.add(base, k.mul(y, width * g.O))
            line = k.at(target, k.mul(y, 2 * g.OW * g.O))

            def column(x: Value, _: list[Value]) -> None:
                place = k.add(start, k.mul(x, g.O))
                pixel(k.at(dy, place), k.at(line, k.mul(x, 2 * g.O)), k.at(index, place))

            k.loop(width, column)

        k.loop(height, row)
        if g.OW % 2:
            _gaps(k, k.at(target, (g.OW - 1) * g.O), g.OH, g.O, g.OW * g.O)
        if g.OH % 2:
            fill(k, k.at(target, (g.OH - 1) * g.OW * g.O), g.OW * g.O)

    _samples(k, first, last, sample)


def largest(k: Builder, window: list[Value], relu: bool) -> tuple[Value, Value]:
    """Return the largest of a window's four values, and where it is.

    The first of equal ones, the last NaN; with relu, 0 and -1 where none is more than 0.
    """
    best, where = window[0], k.zero
    for place, value in enumerate(window[1:], 1):
        nan = k.ir.fcmp_unordered("uno", value, value)
        larger = k.ir.or_(k.greater(value, best), nan)
        best = k.ir.select(larger, value, best)
        where = k.ir.select(larger, k.constant(place), where)
    if not relu:
        return best, where
    off = k.ir.fcmp_ordered("<=", best, k.zero)
    return k.ir.select(off, k.zero, best), k.ir.select(off, k.constant(-1), where)


def fill(k: Builder, address: Value, count: int) -> None:
    """Write so many zeros."""
    _runs(k, count, lambda offset, mask: k.store(k.zero, address, offset, mask))


def copy(k: Builder, source: Value, target: Value, count: int) -> None:
    """Copy so many floats."""
    _runs(k, count, lambda at, mask: k.store(k.load(source, at, mask), target, at, mask))


def _runs(k: Builder, count: int, move: Callable[[Int, Mask], None]) -> None:
    """Call move(offset, mask) for the vectors that cover so many floats."""
    block = STEPS * k.lanes
    rounds = count // block if count >= 2 * block else 0

    def step(i: Int, _: list[Value]) -> None:
        for vector in range(STEPS):
            move(k.add(k.mul(i, block), vector * k.lanes), None)

    if rounds:
        k.loop(rounds, step)
    for offset, mask in k.columns(count - rounds * block):
        move(rounds * block + offset, mask)


def _rows(
    k: Builder, source: Value, target: Value, count: int, floats: int, source_pitch: int, pitch: int
) -> None:
    """Copy rows from one pitch to another."""

    def row(y: Value, _: list[Value]) -> None:
        copy(k, k.at(source, k.mul(y, source_pitch)), k.at(target, k.mul(y, pitch)), floats)

    k.loop(count, row)


def _gaps(k: Builder, address: Value, count: int, floats: int, pitch: int) -> None:
    """Fill what lies between rows with zeros."""
    if floats:
        k.loop(count, lambda y, _: fill(k, k.at(address, k.mul(y, pitch)), floats))


def _samples(k: Builder, first: Int, last: Int, sample: Callable[[Int], None]) -> None:
    k.loop(k.sub(last, first), lambda i, _: sample(k.add(first, i)))
