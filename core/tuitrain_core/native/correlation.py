"""Emitters of a correlation, for the forward pass and the input gradient: two forms of one sum.

    out[n][y][x][o] = sum over (ky, kx, c) of in[n][y · sy + ky][x · sx + kx][c] · p[ky, kx, c][o]

Images are NHWC and already have their border. For one row of taps the (kx, c) lie side by side,
so the reduction is a loop over ky around one run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import dot, tile
from .builder import Builder, Int, Mask, Value
from .geometry import Channels, Geometry, Group, cut


@dataclass(frozen=True)
class Shape:
    """Sizes of a correlation: input with its border (H, W, C), output (OH, OW, O), taps, stride."""

    H: int
    W: int
    C: int
    OH: int
    OW: int
    O: int  # noqa: E741
    KH: int
    KW: int
    stride: tuple[int, int] = (1, 1)

    @staticmethod
    def forward(g: Geometry) -> Shape:
        """Return the sizes of the forward pass."""
        return Shape(g.PH, g.PW, g.C, g.OH, g.OW, g.O, g.KH, g.KW, g.stride)

    @staticmethod
    def backward(g: Geometry) -> Shape:
        """Return the sizes of the input gradient, a correlation of the spread gradient."""
        return Shape(g.SH, g.SW, g.O, g.H, g.W, g.C, g.KH, g.KW)


@dataclass(frozen=True)
class Tile:
    """Where a tile is: sample, first pixel (y, x), first channel; its pixels and vectors."""

    n: Int
    y: Int
    x: Int
    channel: Int
    height: int
    width: int
    columns: tile.Columns


# start values of a tile (None: zeros) from its first channel; what is done with its sums
Start = Callable[[Int, tile.Columns], list[Value] | None]
Store = Callable[[Tile, list[Value]], None]


def tiled(
    k: Builder, s: Shape, source: Value, weights: Value, samples: tuple[Int, Int], pool: bool
) -> Callable[[Start, Store], None]:
    """Return the emitter of the form with vectors along the output's channels.

    weights: [(ky, kx, c)][O padded]; pool: tiles are pairs of rows and of columns.
    """
    channels = Channels.of(s.O, k.host)
    rows = _pixel_rows(s, channels.rows(k.host), pool)
    columns = _pixel_columns(s, channels.rows(k.host), pool)
    run = s.KW * s.C

    def emit(start: Start, store: Store) -> None:
        def one(
            n: Int, channel: Int, vectors: tile.Columns, y: Int, h: int, x: Int, w: int
        ) -> None:
            down, right = s.stride[0] * s.W * s.C, s.stride[1] * s.C
            pixels = [i * down + j * right for i in range(h) for j in range(w)]
            a = k.at(source, k.mul(n, s.H * s.W * s.C), k.mul(y, down), k.mul(x, right))
            loops = [
                tile.Loop(s.KH, s.W * s.C, run * channels.padded),
                tile.Loop(run, 1, channels.padded),
            ]
            first = start(channel, vectors)
            initial = None if first is None else first * len(pixels)
            p = k.at(weights, channel)
            sums = tile.accumulate(k, pixels, vectors, a, p, loops, initial)
            store(Tile(n, y, x, channel, h, w, vectors), sums)

        def sample(i: Value, _: list[Value]) -> None:
            n = k.add(samples[0], i)
            _each_channel(k, channels, lambda channel, vectors: _each(k, rows, lambda y, h: _each(
                k, columns, lambda x, w: one(n, channel, vectors, y, h, x, w))))  # fmt: skip

        k.loop(k.sub(samples[1], samples[0]), sample)

    return emit


def thin(
    k: Builder,
    s: Shape,
    source: Value,
    weights: Value,
    samples: tuple[Int, Int],
    store: Callable[[Value, Int, Mask], None],
) -> None:
    """Emit the form with vectors along the run of taps and input channels, for few output channels.

    weights: [o][ky][(kx, c) padded]; store(value, place in the output, mask) writes some floats of
    the output, in which pixels and channels lie side by side.
    """
    run = s.KW * s.C
    padded = -(-run // k.lanes) * k.lanes
    size = dot.sizes(k.host)
    width = max(1, size.rows * size.outputs[0] // s.O)
    filters = [k.at(weights, o * s.KH * padded) for o in range(s.O)]

    def one(n: Int, y: Int, x: Int, w: int) -> None:
        corner = k.at(source, k.mul(k.add(k.mul(k.add(k.mul(n, s.H), y), s.W), x), s.C))
        pixels = [k.at(corner, j * s.C) for j in range(w)]
        sums = dot.tile(k, pixels, filters, run, (s.KH, s.W * s.C, padded))
        flat = [value for row in sums for value in row]
        place = k.mul(k.add(k.mul(k.add(k.mul(n, s.OH), y), s.OW), x), s.O)
        for offset, mask in k.columns(len(flat)):
            leaves = flat[offset : offset + k.lanes]
            total = k.sums([*leaves, *[None] * (k.lanes - len(leaves))])
            store(total, k.add(place, offset), mask)

    def sample(i: Value, _: list[Value]) -> None:
        n = k.add(samples[0], i)
        k.loop(s.OH, lambda y, _: _each(k, cut(s.OW, width), lambda x, w: one(n, y, x, w)))

    k.loop(k.sub(samples[1], samples[0]), sample)


def _pixel_rows(s: Shape, pixels: int, pool: bool) -> list[Group]:
    """Return the tiles along y: several rows of a small image, a pair for a pool, or one."""
    if pool:
        return [Group(0, s.OH // 2, 2)] if s.OH > 1 else []
    return cut(s.OH, max(1, pixels // s.OW))


def _pixel_columns(s: Shape, pixels: int, pool: bool) -> list[Group]:
    if not pool:
        return cut(s.OW, pixels)
    pairs = cut(s.OW // 2, max(1, pixels // 4)) if s.OW > 1 else []
    return [Group(2 * pair.first, pair.count, 2 * pair.size) for pair in pairs]


def _each(k: Builder, groups: list[Group], body: Callable[[Int, int], None]) -> None:
    """Emit body(first, size) for the tiles of each size."""
    for group in groups:
        k.tiles(group.first, group.first + group.count * group.size, [group.size], body)


def _each_channel(
    k: Builder, channels: Channels, body: Callable[[Int, tile.Columns], None]
) -> None:
    for group, last in channels.groups:
        floats = (group.size - 1) * k.lanes + last
        vectors = k.columns(floats)

        def block(start: Int, _size: int, vectors: tile.Columns = vectors) -> None:
            body(k.mul(start, k.lanes), vectors)

        _each(k, [group], block)
