"""The 2x2 maximum after a convolution: the maximum of a window, and its gradient."""

from __future__ import annotations

from ..ir.block_copy import fill_gaps, fill_zeros
from ..ir.builder import Builder, Int, Value
from ..ir.loops import for_each_sample
from .geometry import Geometry


def unpool(k: Builder, g: Geometry) -> None:
    """Write the pooled gradient to the position of every maximum, and zeros elsewhere.

    Arguments: dY, I, D, first, last.
    """
    dy, index, d, first, last = k.arguments
    height, width = g.OH // 2, g.OW // 2

    def window(source: Value, target: Value, positions: Value) -> None:
        for offset, mask in k.vector_slices(g.O):
            value, position = k.load(source, offset, mask), k.load(positions, offset, mask)
            for tap in range(4):
                is_maximum = k.ir.fcmp_ordered("==", position, k.constant(tap))
                pixel = (tap // 2 * g.OW + tap % 2) * g.O
                k.store(k.ir.select(is_maximum, value, k.zero), target, pixel + offset, mask)

    def sample(n: Int) -> None:
        base = k.mul(n, height * width * g.O)
        target = k.at(d, k.mul(n, g.OH * g.OW * g.O))

        def row(y: Value, _: list[Value]) -> None:
            start = k.add(base, k.mul(y, width * g.O))
            line = k.at(target, k.mul(y, 2 * g.OW * g.O))

            def column(x: Value, _: list[Value]) -> None:
                place = k.add(start, k.mul(x, g.O))
                window(k.at(dy, place), k.at(line, k.mul(x, 2 * g.O)), k.at(index, place))

            k.loop(width, column)

        k.loop(height, row)
        if g.OW % 2:
            fill_gaps(k, k.at(target, (g.OW - 1) * g.O), g.OH, g.O, g.OW * g.O)
        if g.OH % 2:
            fill_zeros(k, k.at(target, (g.OH - 1) * g.OW * g.O), g.OW * g.O)

    for_each_sample(k, first, last, sample)


def max_of_window(k: Builder, window: list[Value], relu: bool) -> tuple[Value, Value]:
    """Return the largest of a window's four values, and its position.

    The first of equal values is taken, and the last NaN. With relu, the result is 0 and -1 if no
    value is above 0.
    """
    best, position = window[0], k.zero
    for tap, value in enumerate(window[1:], 1):
        nan = k.ir.fcmp_unordered("uno", value, value)
        larger = k.ir.or_(k.greater(value, best), nan)
        best = k.ir.select(larger, value, best)
        position = k.ir.select(larger, k.constant(tap), position)
    if not relu:
        return best, position
    off = k.ir.fcmp_ordered("<=", best, k.zero)
    return k.ir.select(off, k.zero, best), k.ir.select(off, k.constant(-1), position)
