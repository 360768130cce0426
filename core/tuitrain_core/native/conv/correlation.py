"""Emitters of a correlation, for the forward pass and the input gradient, in two forms.

    out[n][y][x][o] = sum over (ky, kx, c) of in[n][y · sy + ky][x · sx + kx][c] · p[ky, kx, c][o]

Images are NHWC and already padded. The (kx, c) of one row of taps are adjacent in memory, so the
reduction is a loop over ky around one run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from ..ir import shuffles
from ..ir.builder import Builder, Int, Mask, Value
from ..linalg import broadcast_tile, dot_tile
from .geometry import ChannelTiles, Geometry, StridedRange, TileRun, split_tiles


@dataclass(frozen=True)
class CorrelationShape:
    """Sizes of a correlation: padded input (H, W, C), output (OH, OW, O), taps, stride.

    Attributes
    ----------
    rows, columns : the lines of the input that are not zero, if it is dilated
    """

    H: int
    W: int
    C: int
    OH: int
    OW: int
    O: int  # noqa: E741
    KH: int
    KW: int
    stride: tuple[int, int] = (1, 1)
    rows: StridedRange | None = None
    columns: StridedRange | None = None

    @staticmethod
    def forward(g: Geometry) -> CorrelationShape:
        """Return the sizes of the forward pass."""
        return CorrelationShape(g.PH, g.PW, g.C, g.OH, g.OW, g.O, g.KH, g.KW, g.stride)

    @staticmethod
    def backward(g: Geometry) -> CorrelationShape:
        """Return the sizes of the input gradient, a correlation of the dilated gradient."""
        shape = CorrelationShape(g.DH, g.DW, g.O, g.H, g.W, g.C, g.KH, g.KW)
        return dataclasses.replace(shape, rows=g.dilated_rows, columns=g.dilated_columns)


@dataclass(frozen=True)
class Tile:
    """A tile: its sample, first pixel (y, x), first channel, size in pixels, and vectors.

    step: distance of its pixels along x. More than 1 if the input is dilated: pixels at this
    distance meet the same taps, and the other taps only zeros.
    """

    n: Int
    y: Int
    x: Int
    channel: Int
    height: int
    width: int
    step: int
    columns: broadcast_tile.VectorSlices

    def pixels(self, row_pixels: int, channels: int) -> list[int]:
        """Return the offsets of the pixels from the first, in an image with rows of row_pixels."""
        return [
            (y * row_pixels + x * self.step) * channels
            for y in range(self.height)
            for x in range(self.width)
        ]


# first channel, vectors -> initial values of a tile (None: zeros)
Start = Callable[[Int, broadcast_tile.VectorSlices], list[Value] | None]
# writes the sums of a tile
Store = Callable[[Tile, list[Value]], None]


def emit_tiled(
    k: Builder,
    s: CorrelationShape,
    operands: tuple[Value, Value],
    samples: tuple[Int, Int],
    start: Start,
    store: Store,
    pool: bool = False,
) -> None:
    """Emit the form with vectors along the output channels.

    operands: images, and weights [(ky, kx, c)][O padded]; pool: tiles are pairs of lines.
    """
    channels = ChannelTiles.of(s.O, k.host)
    max_pixels = channels.max_rows(k.host)

    def sample(i: Value, _: list[Value]) -> None:
        n = k.add(samples[0], i)

        def rows(channel: Int, vectors: broadcast_tile.VectorSlices) -> None:
            for run in _pixel_rows(s, max_pixels, pool):
                _for_each_tile(k, run, lambda y, height: columns(channel, vectors, y, height))

        def columns(
            channel: Int, vectors: broadcast_tile.VectorSlices, y: Int, height: int
        ) -> None:
            for phase, step, run in _pixel_columns(s, max_pixels, pool):

                def pixels(j: Int, width: int, phase: int = phase, step: int = step) -> None:
                    x = k.add(k.mul(j, step), phase)
                    t = Tile(n, y, x, channel, height, width, step, vectors)
                    store(t, _tile_sums(k, s, operands, t, phase, channels.padded_size, start))

                _for_each_tile(k, run, pixels)

        _for_each_channel_tile(k, channels, rows)

    k.loop(k.sub(samples[1], samples[0]), sample)


def _tile_sums(
    k: Builder,
    s: CorrelationShape,
    operands: tuple[Value, Value],
    t: Tile,
    phase: int,
    padded: int,
    start: Start,
) -> list[Value]:
    """Return the sums of a tile, pixel by pixel."""
    loops, offset, tap = _reduction(k, s, t, phase, padded)
    corner = k.add(k.mul(t.y, s.stride[0] * s.W), k.mul(t.x, s.stride[1]))
    image = k.mul(t.n, s.H * s.W * s.C)
    a = k.at(operands[0], image, k.mul(corner, s.C), offset)
    p = k.at(operands[1], t.channel, k.mul(tap, padded))
    pixels = [
        (y * s.stride[0] * s.W + x * s.stride[1] * t.step) * s.C
        for y in range(t.height)
        for x in range(t.width)
    ]
    first = start(t.channel, t.columns)
    initial = None if first is None else first * len(pixels)
    return broadcast_tile.accumulate(k, pixels, t.columns, a, p, loops, initial)


def _reduction(
    k: Builder, s: CorrelationShape, t: Tile, phase: int, padded: int
) -> tuple[list[broadcast_tile.ReductionLoop], Int, Int]:
    """Return the loops over a tile's taps, and their offsets in the input and in p."""
    run = s.KW * s.C
    ky, count = _taps(k, s, t.y, t.height)
    down = 1 if s.rows is None else s.rows.step
    loops = [broadcast_tile.ReductionLoop(count, down * s.W * s.C, down * run * padded)]
    if t.step == 1:
        return (
            [*loops, broadcast_tile.ReductionLoop(run, 1, padded)],
            k.mul(ky, s.W * s.C),
            k.mul(ky, run),
        )
    place = 0 if s.columns is None else s.columns.first_target
    kx = (place - phase) % t.step
    across = broadcast_tile.ReductionLoop(
        len(range(kx, s.KW, t.step)), t.step * s.C, t.step * s.C * padded
    )
    offset, tap = k.add(k.mul(ky, s.W), kx), k.add(k.mul(ky, s.KW), kx)
    return (
        [*loops, across, broadcast_tile.ReductionLoop(s.C, 1, padded)],
        k.mul(offset, s.C),
        k.mul(tap, s.C),
    )


def _taps(k: Builder, s: CorrelationShape, y: Int, height: int) -> tuple[Int, Int]:
    """Return the first ky that meets a nonzero line of the input, and the number of such ky."""
    if s.rows is None:
        return 0, s.KH
    lines, step = s.rows, s.rows.step
    distance = k.sub(lines.first_target, k.add(y, height - 1))
    first = k.maximum(distance, k.rem(k.add(distance, step * (s.OH + s.H)), step))
    end = k.minimum(s.KH, k.sub(lines.first_target + (lines.count - 1) * step + 1, y))
    count = k.div(k.add(k.maximum(k.sub(end, first), 0), step - 1), step)
    return first, count if lines.count else 0


def emit_thin(
    k: Builder,
    s: CorrelationShape,
    source: Value,
    weights: Value,
    samples: tuple[Int, Int],
    store: Callable[[Value, Int, Mask], None],
) -> None:
    """Emit the form with vectors along the run of taps and input channels, for few output channels.

    weights: [o][ky][(kx, c) padded]; store(value, offset in the output, mask) writes adjacent
    floats of the output.
    """
    size = dot_tile.tile_sizes(k.host)
    width = max(1, size.rows * size.outputs[0] // s.O)

    def pixels(n: Int, y: Int, x: Int, w: int) -> None:
        flat = _thin_sums(k, s, (source, weights), (n, y, x), w)
        place = k.mul(k.add(k.mul(k.add(k.mul(n, s.OH), y), s.OW), x), s.O)
        for offset, mask in k.vector_slices(len(flat)):
            leaves = flat[offset : offset + k.lanes]
            total = shuffles.sum_each(k, [*leaves, *[None] * (k.lanes - len(leaves))])
            store(total, k.add(place, offset), mask)

    def sample(i: Value, _: list[Value]) -> None:
        n = k.add(samples[0], i)

        def row(y: Value, _: list[Value]) -> None:
            for run in split_tiles(s.OW, width):
                _for_each_tile(k, run, lambda x, w: pixels(n, y, x, w))

        k.loop(s.OH, row)

    k.loop(k.sub(samples[1], samples[0]), sample)


def _thin_sums(
    k: Builder,
    s: CorrelationShape,
    operands: tuple[Value, Value],
    pixel: tuple[Int, Int, Int],
    width: int,
) -> list[Value]:
    """Return the accumulators of adjacent pixels, lanes not yet added up, pixel by pixel.

    pixel: sample, y and x of the first one.
    """
    n, y, x = pixel
    run = s.KW * s.C
    padded = -(-run // k.lanes) * k.lanes
    step = 1 if s.rows is None else s.rows.step
    ky, count = _taps(k, s, y, 1)
    line = k.add(k.mul(n, s.H), k.add(y, ky))
    corner = k.at(operands[0], k.mul(k.add(k.mul(line, s.W), x), s.C))
    pixels = [k.at(corner, j * s.C) for j in range(width)]
    filters = [k.at(operands[1], o * s.KH * padded, k.mul(ky, padded)) for o in range(s.O)]
    sums = dot_tile.accumulate(k, pixels, filters, run, (count, step * s.W * s.C, step * padded))
    return [value for row in sums for value in row]


def _pixel_rows(s: CorrelationShape, pixels: int, pool: bool) -> list[TileRun]:
    """Return the tiles along y: several rows of a small image, pairs for a pool, or single rows."""
    if pool:
        return [TileRun(0, s.OH // 2, 2)] if s.OH > 1 else []
    dilated = s.rows is not None and s.rows.step > 1  # the next row meets other taps
    return split_tiles(s.OH, 1 if dilated else max(1, pixels // s.OW))


def _pixel_columns(s: CorrelationShape, pixels: int, pool: bool) -> list[tuple[int, int, TileRun]]:
    """Return the tiles along x as (first pixel, step, tiles), one for every phase of a step."""
    if pool:
        pairs = split_tiles(s.OW // 2, max(1, pixels // 4)) if s.OW > 1 else []
        return [(0, 1, TileRun(2 * pair.first, pair.count, 2 * pair.size)) for pair in pairs]
    step = 1 if s.columns is None else s.columns.step
    return [
        (phase, step, run)
        for phase in range(min(step, s.OW))
        for run in split_tiles(-(-(s.OW - phase) // step), pixels)
    ]


def _for_each_tile(k: Builder, run: TileRun, body: Callable[[Int, int], None]) -> None:
    """Emit body(first, size) for the tiles of a run."""
    k.tiles(run.first, run.first + run.count * run.size, [run.size], body)


def _for_each_channel_tile(
    k: Builder, channels: ChannelTiles, body: Callable[[Int, broadcast_tile.VectorSlices], None]
) -> None:
    """Emit body(first channel, vectors) for the tiles along the channels."""
    for run, last in channels.runs:
        vectors = k.vector_slices((run.size - 1) * k.lanes + last)

        def block(start: Int, _size: int, vectors: broadcast_tile.VectorSlices = vectors) -> None:
            body(k.mul(start, k.lanes), vectors)

        _for_each_tile(k, run, block)
