"""Register tiles of a product with one operand broadcast and the other read in vectors.

    out[row][column] = sum over r of a[row, r] · v[r, column]

a is read a float at a time, at any offsets; v is read in vectors along the columns, which are
adjacent in the output too. A tile's accumulators, rows × vectors, stay in registers for the whole
sum. Every output is one chain of multiply-adds in the order of the reduction, so its bits do not
depend on the tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..ir.builder import Builder, Int, Mask, Value
from ..ir.host import Host

# Rows × vectors of the tiles for the rows that the largest tile leaves, by the number of registers.
_SMALLER_TILES = {32: ((4, 4), (2, 8), (1, 16)), 16: ((2, 4), (1, 8))}
UNROLL = 2  # of the innermost loop, in the largest tile


@dataclass(frozen=True)
class ReductionLoop:
    """One loop of the reduction: its count, and the steps of a and v in floats."""

    count: Int
    a_step: Int
    v_step: Int


# (offset in floats, mask) of each vector of a tile
VectorSlices = Sequence[tuple[int, Mask]]
# value, start of the tile in the output, offset from there (both in floats), mask -> stored value
Epilogue = Callable[[Value, Int, int, Mask], Value]


def store_plain(value: Value, _place: Int, _offset: int, _mask: Mask) -> Value:
    """Store the sum as it is."""
    return value


def register_budget(host: Host) -> int:
    """Return the maximum number of a tile's accumulators.

    The vectors of v and one broadcast need registers too; LLVM spills unless two are free.
    """
    return 28 if host.registers >= 32 else 12


def tile_shapes(host: Host) -> Sequence[tuple[int, int]]:
    """Return rows and vectors of the tiles of a `Product`, largest first."""
    return host.tiles.product, *_SMALLER_TILES[host.registers]


def accumulate(
    k: Builder,
    rows: Sequence[int],
    columns: VectorSlices,
    a: Value,
    v: Value,
    reduction: Sequence[ReductionLoop],
    start: Sequence[Value] | None = None,
    unroll: int = UNROLL,
) -> list[Value]:
    """Return the accumulators, row by row: start (default: zeros) plus the sum of a · v.

    rows: offsets of the rows from a; columns: the vectors from v; reduction: outer loop first;
    unroll: steps of the innermost loop per round.
    """
    flat = [k.zero] * (len(rows) * len(columns)) if start is None else list(start)

    def nest(
        loops: Sequence[ReductionLoop], a: Value, v: Value, flat: Sequence[Value]
    ) -> list[Value]:
        if not loops:
            return _step(k, rows, columns, a, v, flat)
        loop, inner = loops[0], loops[1:]

        def body(times: int) -> Callable[[Value, list[Value]], list[Value]]:
            def move(_: Value, carry: list[Value]) -> list[Value]:
                a, v, flat = carry[0], carry[1], carry[2:]
                for _time in range(times):
                    flat = nest(inner, a, v, flat)
                    a, v = k.at(a, loop.a_step), k.at(v, loop.v_step)
                return [a, v, *flat]

            return move

        carry = [a, v, *flat]
        times = 1 if inner else unroll
        carry = k.loop(k.div(loop.count, times), body(times), carry)
        if times > 1:
            carry = k.loop(k.rem(loop.count, times), body(1), carry)
        return carry[2:]

    return nest(reduction, a, v, flat)


def _step(
    k: Builder,
    rows: Sequence[int],
    columns: VectorSlices,
    a: Value,
    v: Value,
    flat: Sequence[Value],
) -> list[Value]:
    """Add the products of one step of the reduction."""
    vectors = [k.load(v, offset, mask) for offset, mask in columns]
    out = list(flat)
    for i, row in enumerate(rows):
        scalar = k.splat(k.load_scalar(a, row))
        for j, vector in enumerate(vectors, i * len(columns)):
            out[j] = k.fma(scalar, vector, out[j])
    return out


@dataclass(frozen=True)
class Product:
    """out[m][n] = epilogue(sum over r of a[m, r] · v[r, n]), for any number of rows.

    Attributes
    ----------
    a, v, out : addresses
    a_row, out_row : row strides in floats
    reduction : the loop over r
    width : number of columns; the last vector is masked if it is not full
    epilogue : applied to every sum before it is stored
    """

    a: Value
    v: Value
    out: Value
    a_row: int
    out_row: int
    reduction: ReductionLoop
    width: int
    epilogue: Epilogue = store_plain

    def emit(self, k: Builder, rows: tuple[Int, Int], columns: tuple[Int, Int]) -> None:
        """Compute rows[0] ... rows[1]-1, columns[0] ... columns[1]-1.

        The range of columns starts at a multiple of the lanes, and ends at one or at the width.
        """
        sizes = [rows for rows, _ in tile_shapes(k.host)]
        k.tiles(*rows, sizes, lambda row, count: self._band(k, row, count, columns))

    def _band(self, k: Builder, row: Int, rows: int, columns: tuple[Int, Int]) -> None:
        """Emit all columns of some rows."""
        first, last = columns
        vectors = k.div(k.maximum(k.sub(last, first), 0), k.lanes)
        wide = dict(tile_shapes(k.host))[rows]

        def whole(start: Int, count: int) -> None:
            column = k.add(first, k.mul(start, k.lanes))
            self._tile(k, row, rows, column, k.vector_slices(count * k.lanes))

        k.tiles(0, vectors, (wide, 1), whole)
        rest = self.width % k.lanes
        if rest:
            column = self.width - rest
            includes_rest = k.less(k.maximum(first, column), last)
            k.if_then(includes_rest, lambda: self._tile(k, row, rows, column, [(0, rest)]))

    def _tile(self, k: Builder, row: Int, rows: int, column: Int, columns: VectorSlices) -> None:
        a = k.at(self.a, k.mul(row, self.a_row))
        v = k.at(self.v, column)
        offsets = [i * self.a_row for i in range(rows)]
        largest = (rows, len(columns)) == tile_shapes(k.host)[0]
        unroll = UNROLL if largest else 1
        values = accumulate(k, offsets, columns, a, v, [self.reduction], unroll=unroll)
        place = k.add(k.mul(row, self.out_row), column)
        out = k.at(self.out, place)
        for i in range(rows):
            for j, (offset, mask) in enumerate(columns):
                here = i * self.out_row + offset
                value = self.epilogue(values[i * len(columns) + j], place, here, mask)
                k.store(value, out, here, mask)
