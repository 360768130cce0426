"""The maximum and the average of the pixels of every window, and their gradients.

All float32, images [sample][row][column][channel]; the last two arguments of a kernel are the range
of samples. A window reads the nearest pixel instead of a pixel of the padding: it does not change
the maximum, and a sum leaves it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llvmlite import ir

from ..ir import block_copy
from ..ir.builder import FLOAT, Builder, Int, Mask, Value
from ..ir.loops import for_each_sample, for_each_vector
from ..runtime.library import Kernel, get_kernel

Pair = tuple[int, int]


@dataclass(frozen=True)
class PoolWindows:
    """The size of images and of the windows over them; all pairs are (vertical, horizontal)."""

    size: Pair
    channels: int
    kernel: Pair
    stride: Pair
    padding: Pair

    @property
    def output_size(self) -> Pair:
        """Windows down and across."""
        sizes = zip(self.size, self.kernel, self.stride, self.padding, strict=True)
        height, width = ((n + 2 * p - k) // s + 1 for n, k, s, p in sizes)
        return height, width


def max_pool(w: PoolWindows) -> Kernel:
    """Return the kernel of the largest pixel, y, and its position in the window, a float.

    The first of equal pixels is taken; NaN counts as larger, and of several the last is taken.
    Arguments: x, y, positions (laid out like y), first, last.
    """
    return get_kernel(_max_pool, 5, w)


def max_pool_gradient(w: PoolWindows) -> Kernel:
    """Return the kernel of dx: d at the positions. Arguments: d, positions, dx, first, last."""
    return get_kernel(_max_pool_gradient, 5, w)


def avg_pool(w: PoolWindows) -> Kernel:
    """Return the kernel y = share · (sum of the pixels).

    Arguments: x, shares (one per window, the same for all samples), y, first, last.
    """
    return get_kernel(_avg_pool, 5, w)


def avg_pool_gradient(w: PoolWindows) -> Kernel:
    """Return the kernel of dx: share · d for every pixel. Arguments: d, shares, dx, first, last."""
    return get_kernel(_avg_pool_gradient, 5, w)


@dataclass(frozen=True)
class _Window:
    """The current window: its number, row and column, and its offset in the output in floats."""

    number: Int
    y: Int
    x: Int
    place: Int


def _each_window(k: Builder, w: PoolWindows, n: Int, body: Callable[[_Window], None]) -> None:
    height, width = w.output_size

    def row(y: Value, _: object) -> None:
        def column(x: Value, _: object) -> None:
            number = k.add(k.mul(y, width), x)
            place = k.mul(k.add(k.mul(n, height * width), number), w.channels)
            body(_Window(number, y, x, place))

        k.loop(width, column)

    k.loop(height, row)


def _each_tap(
    k: Builder,
    w: PoolWindows,
    window: _Window,
    body: Callable[[Int, Int, Value | None, list[Value]], list[Value]],
    carry: list[Value],
) -> list[Value]:
    """Call body(tap, offset in the image, whether it is inside, carried) for every tap."""

    def line(i: Value, carried: list[Value]) -> list[Value]:
        y, inside_y = _inside(k, w, window.y, i, 0)

        def tap(j: Value, carried: list[Value]) -> list[Value]:
            x, inside_x = _inside(k, w, window.x, j, 1)
            both = [bit for bit in (inside_y, inside_x) if bit is not None]
            inside = k.ir.and_(*both) if len(both) > 1 else (both or [None])[0]
            place = k.mul(k.add(k.mul(y, w.size[1]), x), w.channels)
            return body(k.add(k.mul(i, w.kernel[1]), j), place, inside, carried)

        return k.loop(w.kernel[1], tap, carried)

    return k.loop(w.kernel[0], line, carry)


def _inside(
    k: Builder, w: PoolWindows, window: Int, tap: Int, axis: int
) -> tuple[Int, Value | None]:
    """Return a pixel's row or column, clamped to the image, and whether it was inside."""
    place = k.add(k.mul(window, w.stride[axis]), tap)
    if not w.padding[axis]:
        return place, None
    place = k.sub(place, w.padding[axis])
    clamped = k.minimum(k.maximum(place, 0), w.size[axis] - 1)
    return clamped, k.equal(clamped, place)


def _max_pool(k: Builder, w: PoolWindows) -> None:
    x, y, positions, first, last = k.arguments

    def window(image: Value, at: _Window) -> None:
        def column(offset: Int, mask: Mask) -> None:
            def larger(tap: Int, place: Int, _: object, best: list[Value]) -> list[Value]:
                value = k.load(k.at(image, place), offset, mask)
                nan = k.ir.fcmp_unordered("uno", value, value)
                wins = k.ir.or_(k.greater(value, best[0]), nan)
                number = _splat_tap(k, tap)
                return [k.ir.select(wins, value, best[0]), k.ir.select(wins, number, best[1])]

            start = [k.load(k.at(image, _first_pixel(k, w, at)), offset, mask), k.zero]
            best, where = _each_tap(k, w, at, larger, start)
            k.store(best, k.at(y, at.place), offset, mask)
            k.store(where, k.at(positions, at.place), offset, mask)

        for_each_vector(k, w.channels, column)

    _samples(k, w, x, (first, last), window)


def _first_pixel(k: Builder, w: PoolWindows, window: _Window) -> Int:
    """Return the offset of a window's first pixel in the image, in floats."""
    y, _ = _inside(k, w, window.y, 0, 0)
    x, _ = _inside(k, w, window.x, 0, 1)
    return k.mul(k.add(k.mul(y, w.size[1]), x), w.channels)


def _max_pool_gradient(k: Builder, w: PoolWindows) -> None:
    d, positions, dx, first, last = k.arguments

    def window(image: Value, at: _Window) -> None:
        def column(offset: Int, mask: Mask) -> None:
            slope = k.load(k.at(d, at.place), offset, mask)
            where = k.load(k.at(positions, at.place), offset, mask)

            def scatter(tap: Int, place: Int, _: object, __: object) -> list[Value]:
                here = k.ir.fcmp_ordered("==", where, _splat_tap(k, tap))
                _add_to(k, k.at(image, place), k.ir.select(here, slope, k.zero), offset, mask)
                return []

            _each_tap(k, w, at, scatter, [])

        for_each_vector(k, w.channels, column)

    _samples(k, w, dx, (first, last), window, clear=True)


def _avg_pool(k: Builder, w: PoolWindows) -> None:
    x, shares, y, first, last = k.arguments

    def window(image: Value, at: _Window) -> None:
        share = k.splat(k.load_scalar(k.at(shares, at.number)))

        def column(offset: Int, mask: Mask) -> None:
            def add(_: Int, place: Int, inside: Value | None, total: list[Value]) -> list[Value]:
                value = k.load(k.at(image, place), offset, mask)
                return [k.ir.fadd(total[0], _if_inside(k, inside, value))]

            (total,) = _each_tap(k, w, at, add, [k.zero])
            k.store(k.ir.fmul(total, share), k.at(y, at.place), offset, mask)

        for_each_vector(k, w.channels, column)

    _samples(k, w, x, (first, last), window)


def _avg_pool_gradient(k: Builder, w: PoolWindows) -> None:
    d, shares, dx, first, last = k.arguments

    def window(image: Value, at: _Window) -> None:
        share = k.splat(k.load_scalar(k.at(shares, at.number)))

        def column(offset: Int, mask: Mask) -> None:
            part = k.ir.fmul(k.load(k.at(d, at.place), offset, mask), share)

            def scatter(_: Int, place: Int, inside: Value | None, __: object) -> list[Value]:
                _add_to(k, k.at(image, place), _if_inside(k, inside, part), offset, mask)
                return []

            _each_tap(k, w, at, scatter, [])

        for_each_vector(k, w.channels, column)

    _samples(k, w, dx, (first, last), window, clear=True)


def _samples(
    k: Builder,
    w: PoolWindows,
    pixels: Value,
    span: tuple[Value, Value],
    window: Callable[[Value, _Window], None],
    clear: bool = False,
) -> None:
    """Call window(image, window) for every window of every sample.

    clear: write zeros to an image first.
    """
    size = w.size[0] * w.size[1] * w.channels

    def sample(n: Int) -> None:
        image = k.at(pixels, k.mul(n, size))
        if clear:
            block_copy.fill_zeros(k, image, size)
        _each_window(k, w, n, lambda at: window(image, at))

    for_each_sample(k, *span, sample)


def _add_to(k: Builder, address: Value, value: Value, offset: Int, mask: Mask) -> None:
    k.store(k.ir.fadd(k.load(address, offset, mask), value), address, offset, mask)


def _if_inside(k: Builder, inside: Value | None, value: Value) -> Value:
    return value if inside is None else k.ir.select(inside, value, k.zero)


def _splat_tap(k: Builder, tap: Int) -> Value:
    """Return a position in a window as a vector of floats."""
    if isinstance(tap, ir.Constant):
        tap = int(tap.constant)  # type: ignore[arg-type]
    if isinstance(tap, int):
        return k.constant(tap)
    return k.splat(k.ir.sitofp(tap, FLOAT))
