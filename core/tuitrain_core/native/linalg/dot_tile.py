"""Register tiles of dot products: both operands are contiguous along the reduction.

Vectors run along the reduction; every output is one accumulator, whose lanes are added up at the
end in a fixed order. So the bits of an output do not depend on the tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..ir import shuffles
from ..ir.builder import Builder, Int, Value
from ..ir.host import Host


@dataclass(frozen=True)
class TileSizes:
    """Rows and outputs of the tiles, and outputs of the tiles of a single row.

    Large enough to hide the latency of FMA (8 chains) and to load little: the accumulators, the
    vectors of the rows and one vector of the other operand stay in registers.
    """

    rows: int
    outputs: Sequence[int]
    single_row_outputs: Sequence[int]


def tile_sizes(host: Host) -> TileSizes:
    """Return the tile sizes for a processor."""
    rows, outputs = host.tiles.dot
    if host.registers >= 32 and host.lanes >= 8:
        return TileSizes(rows, tuple(dict.fromkeys((outputs, 4, 1))), (8, 4, 1))
    return TileSizes(rows, (outputs, 1), (min(8, host.lanes), 1))


def accumulate(
    k: Builder,
    x: Sequence[Value],
    w: Sequence[Value],
    length: int,
    repeat: tuple[Int, int, int] = (1, 0, 0),
) -> list[list[Value]]:
    """Return the accumulators of x[i] · w[j], which are addresses of runs of `length` floats.

    repeat: number of runs, and the distance from a run to the next in x and in w.
    """

    def step(i: Int, flat: Sequence[Value], offset: Int, mask: int | None = None) -> list[Value]:
        at_x, at_w = (k.add(k.mul(i, repeat[1]), offset), k.add(k.mul(i, repeat[2]), offset))
        left = [k.load(row, at_x, mask) for row in x]
        out = list(flat)
        for j, row in enumerate(w):
            right = k.load(row, at_w, mask)
            for i_x, value in enumerate(left):
                out[i_x * len(w) + j] = k.fma(value, right, out[i_x * len(w) + j])
        return out

    def run(i: Int, flat: list[Value]) -> list[Value]:
        whole, rest = divmod(length, k.lanes)
        flat = k.loop(whole, lambda j, carry: step(i, carry, k.mul(j, k.lanes)), flat)
        return step(i, flat, whole * k.lanes, rest) if rest else flat

    flat = k.loop(repeat[0], run, [k.zero] * (len(x) * len(w)))
    return [flat[i * len(w) : (i + 1) * len(w)] for i in range(len(x))]


def reduce_accumulators(k: Builder, accumulators: Sequence[Sequence[Value]]) -> list[Value]:
    """Return a vector per row of accumulators, with the row's sums in its first lanes."""
    wide = len(accumulators[0])
    slot = 1 << (wide - 1).bit_length()  # rows share a tree of sums, one slot of lanes per row
    together = k.lanes // slot
    vectors = []
    for first in range(0, len(accumulators), together):
        rows = accumulators[first : first + together]
        leaves = [value for row in rows for value in [*row, *[None] * (slot - wide)]]
        tree = shuffles.sum_each(k, [*leaves, *[None] * (k.lanes - len(leaves))])
        for i in range(len(rows)):
            lanes = [(i * slot + lane) % k.lanes for lane in range(k.lanes)]
            vectors.append(k.shuffle(tree, tree, lanes) if i else tree)
    return vectors
