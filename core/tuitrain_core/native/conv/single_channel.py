"""Emitters for a first layer: one input channel, few output channels, stride 1.

With vectors along 6 output channels, 10 of 16 lanes would idle. Here vectors run along the pixels
of a row (forward), or along the pixels and channels of the output gradient in memory order (weight
gradient), and the result is rearranged in registers. Two to three times as fast for LeNet's first
layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..ir import shuffles
from ..ir.builder import Builder, Int, Mask, Value
from ..ir.host import Host
from ..ir.loops import for_each_unit
from ..linalg import broadcast_tile
from .geometry import Geometry, TileRun, split_tiles
from .max_pool_2x2 import max_of_window


def supports_forward(g: Geometry, host: Host) -> bool:
    """Return whether this forward pass is the faster one."""
    single = g.C == 1 and g.stride == (1, 1)
    fits = host.lanes >= 2 * g.O and broadcast_tile.register_budget(host) >= 2 * g.O
    return single and fits and host.lanes <= g.OW


def supports_gradient(g: Geometry, host: Host) -> bool:
    """Return whether this weight gradient is the faster one."""
    single = g.C == 1 and g.stride == (1, 1) and g.KH <= g.OH
    return single and host.lanes >= 2 * g.O and broadcast_tile.register_budget(host) >= g.KH


def weight_units(g: Geometry, host: Host) -> int:
    """Return the number of units of the weight gradient; a unit is some kx."""
    return sum(run.count for run in _kx_tiles(g, host))


def forward(k: Builder, g: Geometry, relu: bool, bias: bool, pool: bool, positions: bool) -> None:
    """Emit `convolution.forward`. Arguments: xp, P, bias, Y, I, first, last."""
    x, p, b, y, index, first, last = k.arguments
    maps = _Maps(k, g, x, p, b if bias else None, y, index if positions else None, relu)
    emit = maps.pooled if pool else maps.plain
    pixels = (2 if broadcast_tile.register_budget(k.host) >= 4 * g.O else 1) * k.lanes
    height, width = (g.OH // 2 * 2, g.OW // 2 * 2) if pool else (g.OH, g.OW)
    whole = width // pixels * pixels

    def rows(n: Int, row: Int, tall: int) -> None:
        k.tiles(0, whole, [pixels], lambda at, wide: emit(n, row, tall, at, wide))
        if width > whole:
            emit(n, row, tall, whole, width - whole)

    k.tiles(first, last, [1], lambda n, _: k.tiles(
        0, height, [2] if pool else [2, 1], lambda row, tall: rows(n, row, tall)))  # fmt: skip


@dataclass(frozen=True)
class _Maps:
    """The emitters of a forward pass for a tile of lines and pixels of sample n."""

    k: Builder
    g: Geometry
    x: Value
    p: Value
    bias: Value | None
    y: Value
    index: Value | None
    relu: bool

    def plain(self, n: Int, row: Int, height: int, column: Int, width: int) -> None:
        """Write the sums as they are."""
        k, g = self.k, self.g
        for i, channels in enumerate(self._sums(n, row, height, column, width)):
            line = k.add(k.mul(k.add(k.mul(n, g.OH), row), g.OW), i * g.OW)
            for v, (at, mask) in enumerate(k.vector_slices(width)):
                values = [k.relu(c[v]) if self.relu else c[v] for c in channels]
                place = k.mul(k.add(k.add(line, column), at), g.O)
                self._store(values, k.at(self.y, place), k.lanes if mask is None else mask)

    def pooled(self, n: Int, row: Int, height: int, column: Int, width: int) -> None:
        """Write the maximum of every 2 x 2 sums, and its position if there is memory for it."""
        k, g = self.k, self.g
        upper, lower = self._sums(n, row, height, column, width)
        windows = []
        for o in range(g.O):
            pairs = [_pairs(k, upper[o]), _pairs(k, lower[o])]
            windows.append(max_of_window(k, [*pairs[0], *pairs[1]], self.relu))
        line = k.add(k.mul(n, g.OH // 2), k.div(row, 2))
        place = k.mul(k.add(k.mul(line, g.OW // 2), k.div(column, 2)), g.O)
        self._store([value for value, _ in windows], k.at(self.y, place), width // 2)
        if self.index is not None:
            positions = [position for _, position in windows]
            self._store(positions, k.at(self.index, place), width // 2)

    def _sums(
        self, n: Int, row: Int, height: int, column: Int, width: int
    ) -> list[list[list[Value]]]:
        """Return the vectors [line][o][vector]."""
        k, g, filters = self.k, self.g, list(range(self.g.O))
        padded = -(-g.O // k.lanes) * k.lanes
        loops = [
            broadcast_tile.ReductionLoop(g.KH, g.KW * padded, g.PW),
            broadcast_tile.ReductionLoop(g.KW, padded, 1),
        ]
        lines = [
            (i * g.PW + at, mask) for i in range(height) for at, mask in k.vector_slices(width)
        ]
        bias = self.bias
        start = [k.zero if bias is None else k.splat(k.load_scalar(bias, o)) for o in filters]
        start = [value for value in start for _ in lines]
        image = k.at(self.x, k.mul(k.add(k.mul(n, g.PH), row), g.PW), column)
        flat = broadcast_tile.accumulate(k, filters, lines, self.p, image, loops, start, unroll=1)
        size = len(lines) // height
        return [[flat[o * len(lines) + i * size :][:size] for o in filters] for i in range(height)]

    def _store(self, vectors: list[Value], address: Value, width: int) -> None:
        """Write one vector per channel, pixel by pixel."""
        k = self.k
        for at, value in enumerate(shuffles.interleave(k, vectors, width)):
            offset = at * k.lanes
            k.store(value, address, offset, min(k.lanes, width * self.g.O - offset))


def weight_gradient(k: Builder, g: Geometry) -> None:
    """Emit `convolution.weight_gradient`. Arguments: xp, D, G, samples, first, last (units).

    Every `period` vectors of a row of D hold the same channels again. The vectors of a period are
    processed one by one, with an accumulator for every ky and some kx.
    """
    x, d, out, samples, first, last = k.arguments
    period = math.lcm(g.O, k.lanes) // k.lanes
    padded = -(-g.O // k.lanes) * k.lanes

    def unit(kx: Int, wide: int) -> None:
        sums = [_Phase(k, g, x, d, kx, wide, v, period).sums(samples) for v in range(period)]
        for ky in range(g.KH):
            for j in range(wide):
                total = shuffles.fold(k, [phase[ky * wide + j] for phase in sums], g.O)
                row = k.add(kx, ky * g.KW + j)
                k.store(total, k.at(out, k.mul(row, padded)))

    tiles = _kx_tiles(g, k.host)

    def numbered_unit(shape: int, number: Int) -> None:
        run = tiles[shape]
        unit(k.add(k.mul(number, run.size), run.first), run.size)

    for_each_unit(k, (first, last), [run.count for run in tiles], numbered_unit)


@dataclass(frozen=True)
class _Phase:
    """Products of vector v of every period of D with the taps of every ky and ``wide`` kx.

    Row r of the padded input meets row r - ky of D, or zeros where D has no such row. (So a NaN of
    the input shows in the gradient of every ky.)
    """

    k: Builder
    g: Geometry
    x: Value
    d: Value
    kx: Int
    wide: int
    v: int
    period: int

    def sums(self, samples: Int) -> list[Value]:
        """Return the sums [ky][kx] over all samples."""
        k, g = self.k, self.g
        zeros = k.zeros(g.OW * g.O)

        def sample(n: Value, sums: list[Value]) -> list[Value]:
            return k.loop(g.PH, lambda r, c: self._line(n, r, zeros, c), sums)

        return k.loop(samples, sample, [k.zero] * (g.KH * self.wide))

    def _line(self, n: Int, r: Int, zeros: Value, sums: list[Value]) -> list[Value]:
        """Add the products of a row of the padded input."""
        k, g = self.k, self.g
        block, row = self.period * k.lanes, g.OW * g.O
        image = k.at(self.x, k.mul(k.add(k.mul(n, g.PH), r), g.PW), self.kx)
        rows = [self._row_of_d(n, k.sub(r, ky), zeros) for ky in range(g.KH)]
        whole = row // block
        rest = min(row - whole * block - self.v * k.lanes, k.lanes)
        sums = k.loop(whole, lambda i, c: self._vector(image, rows, k.mul(i, block), None, c), sums)
        return self._vector(image, rows, whole * block, rest, sums) if rest > 0 else sums

    def _row_of_d(self, n: Int, y: Int, zeros: Value) -> Value:
        """Return the address of a row of D, or of zeros outside of D."""
        k, g = self.k, self.g
        inside = k.ir.and_(k.less(-1, y), k.less(y, g.OH))
        line = k.at(self.d, k.mul(k.add(k.mul(n, g.OH), y), g.OW * g.O))
        return k.ir.select(inside, line, zeros)

    def _vector(
        self, line: Value, rows: list[Value], at: Int, mask: Mask, sums: list[Value]
    ) -> list[Value]:
        """Add the products of one vector in each of the rows of D."""
        k, channels, first = self.k, self.g.O, self.v * self.k.lanes
        pixel, out = k.div(at, channels), list(sums)
        pixels = [_pixels(k, k.at(line, pixel, j), channels, first, mask) for j in range(self.wide)]
        for ky, address in enumerate(rows):
            value = k.load(address, k.add(at, first), mask)
            for j, image in enumerate(pixels, ky * self.wide):
                out[j] = k.fma(value, image, out[j])
        return out


def _kx_tiles(g: Geometry, host: Host) -> list[TileRun]:
    """Return the tiles along kx: up to three kx, so that a loaded vector is used often."""
    return split_tiles(g.KW, min(3, broadcast_tile.register_budget(host) // g.KH))


def _pairs(k: Builder, vectors: list[Value]) -> list[Value]:
    """Return the even and the odd lanes of one or two vectors."""
    a, b = vectors[0], vectors[-1]
    lanes = [2 * lane if len(vectors) > 1 else 2 * lane % k.lanes for lane in range(k.lanes)]
    return [k.shuffle(a, b, lanes), k.shuffle(a, b, [lane + 1 for lane in lanes])]


def _pixels(k: Builder, address: Value, channels: int, offset: int, mask: Mask) -> Value:
    """Return a vector of pixels for the floats from an offset on, a pixel for all its channels.

    Masked lanes are 0, and no pixel is read for them: it might be NaN.
    """
    count = k.lanes if mask is None else mask
    first, last = offset // channels, (offset + count - 1) // channels
    pixels = k.load(address, first, last - first + 1)
    lanes = [
        (offset + lane) // channels - first if lane < count else k.lanes for lane in range(k.lanes)
    ]
    return k.shuffle(pixels, k.zero, lanes)
