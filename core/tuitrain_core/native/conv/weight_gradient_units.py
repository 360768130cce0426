"""The emitter of a convolution's weight gradient, and the units that threads share.

    g[ky, kx, c][o] = sum over n, y, x of in[n][y · sy + ky][x · sx + kx][c] · d[n][y][x][o]

A unit is one register tile of g: some (ky, kx, c), which are broadcast, and some vectors of o. One
thread sums a unit over all samples, so any split of the units gives the same bits. The sum over
the samples that fit in the cache is added to the sum of the samples before them. A single sum over
all samples would lose several times as much to rounding, as its terms mostly cancel out below a
batch norm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ir.builder import Builder, Int, Value
from ..ir.host import Host
from ..ir.loops import for_each_unit
from ..linalg import broadcast_tile
from .geometry import ChannelTiles, Geometry, TileRun, split_tiles, vector_lanes

CACHE_BYTES = 32 * 1024
"""Input and gradient that all units pass over before the next samples."""


@dataclass(frozen=True)
class UnitShape:
    """Units of one shape: `rows` tiles along (ky, kx, c) times `blocks` tiles along o.

    Attributes
    ----------
    offsets : the rows of a tile in the input, relative to the first one
    locate : returns the first row of tile i: (its offset in the input, its number in g)
    channel, step : the first channel of block j is channel + j · step
    columns : the vectors of a tile along o
    """

    rows: int
    blocks: int
    offsets: tuple[int, ...]
    locate: Callable[[Builder, Int], tuple[Int, Int]]
    channel: int
    step: int
    columns: broadcast_tile.VectorSlices

    @property
    def count(self) -> int:
        """Number of units."""
        return self.rows * self.blocks


def unit_shapes(g: Geometry, host: Host) -> list[UnitShape]:
    """Return the shapes of the units, in the order of their numbers."""
    channels = ChannelTiles.of(g.O, host)
    result = []
    for rows, offsets, locate in _row_tiles(g, channels.max_rows(host)):
        for run, last in channels.runs:
            lanes = channels.lanes
            floats = (run.size - 1) * lanes + last
            columns = [
                (at, None if floats - at >= lanes else floats - at)
                for at in range(0, floats, lanes)
            ]
            channel, step = run.first * lanes, run.size * lanes
            result.append(UnitShape(rows, run.count, offsets, locate, channel, step, columns))
    return result


def weight_gradient(k: Builder, g: Geometry) -> None:
    """Emit G, [(ky, kx, c)][O padded]. Arguments: xp, D, G, samples, first, last (units)."""
    x, d, out, samples, first, last = k.arguments
    k = k.with_lanes(vector_lanes(g.O, k.host))
    in_sample, out_sample = g.PH * g.PW * g.C, g.OH * g.OW * g.O
    samples_at_once = max(1, CACHE_BYTES // (4 * (in_sample + out_sample)))
    padded = ChannelTiles.of(g.O, k.host).padded_size
    shapes = unit_shapes(g, k.host)

    def unit(shape: UnitShape, number: Value, n: Int, count: Int) -> None:
        source, row = shape.locate(k, k.div(number, shape.blocks))
        channel = k.add(shape.channel, k.mul(k.rem(number, shape.blocks), shape.step))
        target = k.at(out, k.mul(row, padded), channel)
        places = [r * padded + at for r in range(len(shape.offsets)) for at, _ in shape.columns]
        loops = [
            broadcast_tile.ReductionLoop(count, in_sample, out_sample),
            broadcast_tile.ReductionLoop(g.OH, g.stride[0] * g.PW * g.C, g.OW * g.O),
            broadcast_tile.ReductionLoop(g.OW, g.stride[1] * g.C, g.O),
        ]
        a = k.at(x, k.mul(n, in_sample), source)
        v = k.at(d, k.mul(n, out_sample), channel)
        zeros = [k.zero for _ in places]
        sums = broadcast_tile.accumulate(k, shape.offsets, shape.columns, a, v, loops, zeros)
        has_before = k.less(0, n)
        for value, place in zip(sums, places, strict=True):
            before = k.ir.select(has_before, k.load(target, place), k.zero)
            k.store(k.ir.fadd(before, value), target, place)

    def some_samples(i: Value, _: list[Value]) -> None:
        n = k.mul(i, samples_at_once)
        count = k.minimum(samples_at_once, k.sub(samples, n))
        counts = [shape.count for shape in shapes]
        for_each_unit(k, (first, last), counts, lambda s, u: unit(shapes[s], u, n, count))

    # Without samples, one round writes zeros.
    rounds = k.maximum(1, k.div(k.add(samples, samples_at_once - 1), samples_at_once))
    k.loop(rounds, some_samples)


_RowTiles = tuple[int, tuple[int, ...], Callable[[Builder, Int], tuple[Int, Int]]]
"""Tiles along (ky, kx, c): their number, and `offsets` and `locate` as in `UnitShape`."""


def _row_tiles(g: Geometry, max_rows: int) -> list[_RowTiles]:
    """Return the tiles along (ky, kx, c): parts of one ky's run, or the runs of several ky."""
    run, line = g.KW * g.C, g.PW * g.C
    result: list[_RowTiles] = []
    if run > max_rows:
        for tiles in split_tiles(run, max_rows):

            def locate_part(k: Builder, i: Int, tiles: TileRun = tiles) -> tuple[Int, Int]:
                ky = k.div(i, tiles.count)
                start = k.add(k.mul(k.rem(i, tiles.count), tiles.size), tiles.first)
                return k.add(k.mul(ky, line), start), k.add(k.mul(ky, run), start)

            result.append((g.KH * tiles.count, tuple(range(tiles.size)), locate_part))
        return result
    for tiles in split_tiles(g.KH, max_rows // run):

        def locate_runs(k: Builder, i: Int, tiles: TileRun = tiles) -> tuple[Int, Int]:
            ky = k.add(k.mul(i, tiles.size), tiles.first)
            return k.mul(ky, line), k.mul(ky, run)

        offsets = tuple(ky * line + r for ky in range(tiles.size) for r in range(run))
        result.append((tiles.count, offsets, locate_runs))
    return result
