"""The axes of every sample in another order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .builder import Builder, Int, Mask, Value
from .columns import each_column, each_sample
from .library import Kernel, kernel


def transpose(sizes: Sequence[int], order: Sequence[int], x_pitch: int, y_pitch: int) -> Kernel:
    """Y = x, axis i of y being axis order[i] of x; samples are dense, (x) of these sizes.

    Arguments: x, y, first, last (samples).
    """
    return kernel(_transpose, 4, tuple(sizes), tuple(order), x_pitch, y_pitch)


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

    each_sample(k, first, last, sample)


def _run(k: Builder, source: Value, target: Value, count: int, stride: int) -> None:
    """Write floats side by side that lie a stride apart."""
    if stride == 1:

        def move(offset: Int, mask: Mask) -> None:
            k.store(k.load(source, offset, mask), target, offset, mask)

        each_column(k, count, move)
        return

    def one(i: Value, _: object) -> None:
        k.store_scalar(k.load_scalar(k.at(source, k.mul(i, stride))), k.at(target, i))

    k.loop(count, one)
