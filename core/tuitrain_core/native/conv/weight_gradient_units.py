"""The emitter of a convolution's weight gradient, and the units that threads share it by.

    g[ky, kx, c][o] = sum over n, y, x of in[n][y · sy + ky][x · sx + kx][c] · d[n][y][x][o]

A unit is one register tile of g: some (ky, kx, c), which are broadcast, and some vectors of o. One
thread sums it over all samples, so any sharing of the units gives the same bits. What the samples
in the cache add up to is added to what those before them did: in one sum over all of them, whose
terms mostly cancel out below a batch norm, several times as much is lost to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ir.builder import Builder, Int, Value
from ..ir.host import Host
from ..linalg import broadcast_tile
from .geometry import ChannelTiles, Geometry, TileRun, split_tiles

CACHE_BYTES = (
    32 * 1024
)  # bytes of input and gradient that all units pass over before the next samples


@dataclass(frozen=True)
class UnitShape:
    """Units of one shape: `rows` tiles along (ky, kx, c), each with `blocks` tiles along o.

    Attributes
    ----------
    offsets: of a tile's rows in the input, from its first.
    place: the first row of tile i: (its offset in the input, its number in g).
    channel: the first channel of block j is channel + j · step.
    """

    rows: int
    blocks: int
    offsets: tuple[int, ...]
    locate: Callable[[Builder, Int], tuple[Int, Int]]
    channel: int
    step: int
    columns: broadcast_tile.VectorSlices


def unit_shapes(g: Geometry, host: Host) -> list[UnitShape]:
    """Return the units, in the order in which they are numbered."""
    channels = ChannelTiles.of(g.O, host)
    result = []
    for rows, offsets, place in _rows(g, channels.max_rows(host)):
        for group, last in channels.runs:
            lanes = host.lanes
            floats = (group.size - 1) * lanes + last
            columns = [
                (at, None if floats - at >= lanes else floats - at)
                for at in range(0, floats, lanes)
            ]
            channel, step = group.first * lanes, group.size * lanes
            result.append(UnitShape(rows, group.count, offsets, place, channel, step, columns))
    return result


def weight_gradient(k: Builder, g: Geometry) -> None:
    """Arguments xp, D, G, samples, first, last (units): G is [(ky, kx, c)][O padded]."""
    x, d, out, samples, first, last = k.arguments
    in_sample, out_sample = g.PH * g.PW * g.C, g.OH * g.OW * g.O
    together = max(1, CACHE_BYTES // (4 * (in_sample + out_sample)))
    padded = ChannelTiles.of(g.O, k.host).padded_size
    kinds = unit_shapes(g, k.host)

    def unit(kind: UnitShape, number: Value, n: Int, count: Int) -> None:
        source, row = kind.locate(k, k.div(number, kind.blocks))
        channel = k.add(kind.channel, k.mul(k.rem(number, kind.blocks), kind.step))
        target = k.at(out, k.mul(row, padded), channel)
        places = [r * padded + at for r in range(len(kind.offsets)) for at, _ in kind.columns]
        loops = [
            broadcast_tile.ReductionLoop(count, in_sample, out_sample),
            broadcast_tile.ReductionLoop(g.OH, g.stride[0] * g.PW * g.C, g.OW * g.O),
            broadcast_tile.ReductionLoop(g.OW, g.stride[1] * g.C, g.O),
        ]
        a = k.at(x, k.mul(n, in_sample), source)
        v = k.at(d, k.mul(n, out_sample), channel)
        zeros = [k.zero for _ in places]
        sums = broadcast_tile.accumulate(k, kind.offsets, kind.columns, a, v, loops, zeros)
        follows = k.less(0, n)
        for value, place in zip(sums, places, strict=True):
            before = k.ir.select(follows, k.load(target, place), k.zero)
            k.store(k.ir.fadd(before, value), target, place)

    def some_samples(i: Value, _: list[Value]) -> None:
        n = k.mul(i, together)
        count = k.minimum(together, k.sub(samples, n))
        numbered = 0
        for kind in kinds:
            begin = k.maximum(k.sub(first, numbered), 0)
            numbered += kind.rows * kind.blocks
            end = k.sub(k.minimum(last, numbered), numbered - kind.rows * kind.blocks)
            k.tiles(begin, end, [1], lambda u, _, kind=kind: unit(kind, u, n, count))

    # Without samples one round still writes the zeros.
    rounds = k.maximum(1, k.div(k.add(samples, together - 1), together))
    k.loop(rounds, some_samples)


_Rows = tuple[int, tuple[int, ...], Callable[[Builder, Int], tuple[Int, Int]]]


def _rows(g: Geometry, most: int) -> list[_Rows]:
    """Return the tiles along (ky, kx, c): parts of the run of one ky, or the runs of several."""
    run, line = g.KW * g.C, g.PW * g.C
    result: list[_Rows] = []
    if run > most:
        for group in split_tiles(run, most):

            def part(k: Builder, i: Int, group: TileRun = group) -> tuple[Int, Int]:
                ky = k.div(i, group.count)
                start = k.add(k.mul(k.rem(i, group.count), group.size), group.first)
                return k.add(k.mul(ky, line), start), k.add(k.mul(ky, run), start)

            result.append((g.KH * group.count, tuple(range(group.size)), part))
        return result
    for group in split_tiles(g.KH, most // run):

        def runs(k: Builder, i: Int, group: TileRun = group) -> tuple[Int, Int]:
            ky = k.add(k.mul(i, group.size), group.first)
            return k.mul(ky, line), k.mul(ky, run)

        offsets = tuple(ky * line + r for ky in range(group.size) for r in range(run))
        result.append((group.count, offsets, runs))
    return result
