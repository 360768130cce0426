"""Emitters of the gradients of weight and bias from the gradient of a 2x2 maximum.

One of the four pixels of a window has a gradient. Here the gradient is read before the unpooling,
together with the position of every maximum: a quarter of the products, and no zeros are written or
read. A value meets, for every ky, the run of pixels and channels of its maximum, as vectors:

    g[o][ky][(kx, c)] += dy[n][y][x][o] · in[n][2y + i // 2 + ky][2x + i % 2 + kx][c]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..ir import block_copy
from ..ir.builder import Builder, Int, Mask, Value
from ..ir.host import Host
from ..ir.loops import for_each_unit
from ..linalg import broadcast_tile, row_sums
from .geometry import Geometry, TileRun, split_tiles
from .pool_patches import PatchLayout, patch_layout

ADDRESS_FLOATS = 2  # an address takes the memory of two floats


def is_supported(g: Geometry, host: Host) -> bool:
    """Return whether the weight gradient can be computed here, and faster than with unpooling.

    With one input channel it takes 2/5 to 1/2 of the time of all products, with 6 or 16 a third;
    with vectors of 8 lanes a third to a half.
    """
    if g.stride != (1, 1) or g.OH < 2 or g.OW < 2:
        return False
    layout = patch_layout(g, host)
    return layout.vectors <= broadcast_tile.register_budget(host) and layout.rows_at_once > 0


def weight_units(g: Geometry, host: Host) -> int:
    """Return the number of units of the weight gradient.

    A unit is some output channels, or some ky of one output channel.
    """
    return sum(shape.count for shape in _unit_shapes(g, host))


def weight_size(g: Geometry, host: Host) -> int:
    """Return the floats of the weight gradient, [o][ky][(kx, c) padded]."""
    return g.O * g.KH * _row(patch_layout(g, host))


def weight_gradient(k: Builder, g: Geometry) -> None:
    """Emit `convolution.pooled_weight_gradient`. Arguments: xp, dY, I, G, samples, first, last.

    For some rows at a time, factors and addresses are prepared; then the sums of the products are
    added to G.
    """
    x, dy, index, out, samples, first, last = k.arguments
    products = _Products.of(k, g, out)
    height, rows_at_once = g.OH // 2, products.layout.rows_at_once

    def some_rows(n: Int, start: Int) -> None:
        count = k.minimum(rows_at_once, k.sub(height, start))
        line = k.mul(k.add(k.mul(n, g.PH), k.mul(start, 2)), g.PW)
        place = k.mul(k.add(k.mul(n, height), start), _values(g))
        products.prepare(k.at(x, k.mul(line, g.C)), k.at(dy, place), k.at(index, place), count)
        _for_each_unit(k, g, (first, last), lambda unit: products.add(unit, count))

    def sample(n: Int, _: list[Value]) -> None:
        rounds = -(-height // rows_at_once)
        k.loop(rounds, lambda i, _: some_rows(n, k.mul(i, rows_at_once)))

    _for_each_unit(k, g, (first, last), products.clear)
    # Without units, nothing needs to be prepared.
    k.loop(k.ir.select(k.less(first, last), samples, k.constant_int(0)), sample)


def unpack(k: Builder, g: Geometry) -> None:
    """Write dW, (O, C, KH, KW), from G, [o][ky][(kx, c) padded]. Arguments: G, dW."""
    packed, dw = k.arguments
    padded = _row(patch_layout(g, k.host))

    def row(i: Value, _: list[Value]) -> None:  # i counts (o, ky)
        source = k.at(packed, k.mul(i, padded))
        place = k.add(k.mul(k.div(i, g.KH), g.C * g.taps), k.mul(k.rem(i, g.KH), g.KW))
        target = k.at(dw, place)
        for kx in range(g.KW):

            def channel(c: Value, _: list[Value], kx: int = kx) -> None:
                value = k.load_scalar(k.at(source, c), kx * g.C)
                k.store_scalar(value, k.at(target, k.mul(c, g.taps)), kx)

            k.loop(g.C, channel)

    k.loop(g.O * g.KH, row)


def bias_gradient(k: Builder, g: Geometry) -> None:
    """Emit `convolution.pooled_bias_gradient`. Arguments: dY, I, db, rows, first, last."""
    dy, index, db, rows, first, last = k.arguments

    def read(place: Int, mask: Mask) -> Value:
        return relu_gated(k, k.load(dy, place, mask), k.load(index, place, mask))

    row_sums.emit_row_sums(k, read, db, (rows, g.O, g.O), (first, last))


def relu_gated(k: Builder, dy: Value, position: Value) -> Value:
    """Return dy · (ReLU is on): a product, so that NaN and inf are not hidden."""
    return k.where_positive(k.ir.fadd(position, k.constant(1)), dy)


@dataclass(frozen=True)
class _Unit:
    """One register tile of G: some output channels from o on, and some ky of every one."""

    o: Int
    channels: int
    ky: Int
    rows: int


@dataclass(frozen=True)
class _Products:
    """The emitters of the products that are added up to the weight gradient.

    Attributes
    ----------
    narrow : a builder of the vectors in which pixels are read
    layout : the layout of the pixels
    out : G, [o][ky][vectors]
    copies : memory for pixels
    factors, addresses : for [row][x][o], the gated gradient, and the address of the first pixel of
        its maximum. (With an address a product is one instruction; with an offset, two.)
    """

    k: Builder
    g: Geometry
    narrow: Builder
    layout: PatchLayout
    out: Value
    copies: Value
    factors: Value
    addresses: Value

    @staticmethod
    def of(k: Builder, g: Geometry, out: Value) -> _Products:
        """Return the emitters, with memory on the stack."""
        layout = patch_layout(g, k.host)
        values = layout.rows_at_once * _round_up(k, _values(g))
        copies = k.scratch(max(1, layout.copied_floats))
        block_copy.fill_zeros(k, copies, layout.copied_floats)
        memory = copies, k.scratch(values), k.scratch(ADDRESS_FLOATS * values)
        return _Products(k, g, k.with_lanes(layout.lanes), layout, out, *memory)

    def prepare(self, image: Value, dy: Value, index: Value, rows: Int) -> None:
        """Copy pixels, and write factors and addresses, for rows of the pooled gradient."""
        k, row = self.k, _values(self.g)
        pixels = image
        if self.layout.emit_copy is not None:
            self.layout.emit_copy(k, image, self.copies, rows)
            pixels = self.copies

        def line(r: Value, _: list[Value]) -> None:
            start = k.at(pixels, k.mul(r, 2 * self.layout.row_stride))
            for first, mask in k.vector_slices(row):
                source = k.add(k.mul(r, row), first)
                target = k.add(k.mul(r, _round_up(k, row)), first)
                position = k.load(index, source, mask)
                k.store(relu_gated(k, k.load(dy, source, mask), position), self.factors, target)
                run = k.ir.fadd(self._run_of(position), self._corners(first))
                k.store_addresses(start, run, k.at(self.addresses, k.mul(target, ADDRESS_FLOATS)))

        k.loop(rows, line)

    def _corners(self, first: int) -> Value:
        """Return the offsets of the windows' first runs, for a row's values from `first` on."""
        corners = [2 * ((first + lane) // self.g.O) for lane in range(self.k.lanes)]
        return self.k.constant_vector([self.layout.run_start(x) for x in corners])

    def _run_of(self, position: Value) -> Value:
        """Return the offset of a maximum's run from the window's first run; 0 for I = -1."""
        k, step = self.k, self.layout.column_stride
        down = k.constant(self.layout.row_stride - 2 * step)
        below = k.ir.select(k.greater(position, k.constant(1)), down, k.zero)
        number = k.ir.select(k.greater(position, k.zero), position, k.zero)
        return k.ir.fadd(k.ir.fmul(number, k.constant(step)), below)

    def clear(self, unit: _Unit) -> None:
        """Write zeros to a unit of G."""
        for place in self._places(unit):
            self.narrow.store(self.narrow.zero, self._address(unit), place)

    def add(self, unit: _Unit, rows: Int) -> None:
        """Add the products of the prepared rows to a unit of G."""
        k, total = self.narrow, self._address(unit)
        places = list(self._places(unit))
        sums = k.loop(rows, lambda row, carry: self._line(unit, row, carry), [k.zero] * len(places))
        for place, value in zip(places, sums, strict=True):
            k.store(k.ir.fadd(k.load(total, place), value), total, place)

    def _address(self, unit: _Unit) -> Value:
        row = self.narrow.add(self.narrow.mul(unit.o, self.g.KH), unit.ky)
        return self.narrow.at(self.out, self.narrow.mul(row, _row(self.layout)))

    def _places(self, unit: _Unit) -> Iterator[int]:
        """Yield the offsets of a unit's vectors from its first one."""
        for i in range(unit.channels):
            for row in range(unit.rows):
                for vector in range(self.layout.vectors):
                    yield (i * self.g.KH + row) * _row(self.layout) + vector * self.layout.lanes

    def _line(self, unit: _Unit, row: Int, sums: list[Value]) -> list[Value]:
        """Add the products of a prepared row."""
        k, g = self.narrow, self.g
        value = k.add(k.mul(row, _round_up(self.k, _values(g))), unit.o)
        reads = [
            ky * self.layout.row_stride + vector * self.layout.lanes
            for ky in range(unit.rows)
            for vector in range(self.layout.vectors)
        ]

        def window(_: Value, carry: list[Value]) -> list[Value]:
            factors, addresses, sums = carry[0], carry[1], carry[2:]
            for i in range(unit.channels):
                start = k.load_address(addresses, i * ADDRESS_FLOATS)
                pixels = k.at(start, k.mul(unit.ky, self.layout.row_stride))
                d = k.splat(k.load_scalar(factors, i))
                for at, place in enumerate(reads, i * len(reads)):
                    sums[at] = k.fma(d, k.load(pixels, place), sums[at])
            return [k.at(factors, g.O), k.at(addresses, g.O * ADDRESS_FLOATS), *sums]

        addresses = k.at(self.addresses, k.mul(value, ADDRESS_FLOATS))
        return k.loop(g.OW // 2, window, [k.at(self.factors, value), addresses, *sums])[2:]


def _values(g: Geometry) -> int:
    """Return the number of values in a row of the pooled gradient."""
    return g.OW // 2 * g.O


def _row(layout: PatchLayout) -> int:
    """Return the floats of a row of G: a run, padded to whole vectors."""
    return layout.vectors * layout.lanes


def _round_up(k: Builder, floats: int) -> int:
    """Round floats up to whole vectors."""
    return -(-floats // k.lanes) * k.lanes


@dataclass(frozen=True)
class _UnitShape:
    """Units of one shape: every tile of channels with every tile of ky."""

    channels: TileRun
    ky: TileRun

    @property
    def count(self) -> int:
        return self.channels.count * self.ky.count


def _unit_shapes(g: Geometry, host: Host) -> list[_UnitShape]:
    """Return the shapes of units: as many channels, or ky of one channel, as registers hold."""
    rows = broadcast_tile.register_budget(host) // patch_layout(g, host).vectors
    channels, ky = split_tiles(g.O, max(1, rows // g.KH)), split_tiles(g.KH, min(rows, g.KH))
    return [_UnitShape(outputs, taps) for outputs in channels for taps in ky]


def _for_each_unit(
    k: Builder, g: Geometry, part: tuple[Int, Int], body: Callable[[_Unit], None]
) -> None:
    """Emit body(unit) for the units part[0] ... part[1]-1."""
    shapes = _unit_shapes(g, k.host)

    def unit(shape_number: int, number: Int) -> None:
        shape = shapes[shape_number]
        across, down = k.div(number, shape.ky.count), k.rem(number, shape.ky.count)
        o = k.add(k.mul(across, shape.channels.size), shape.channels.first)
        ky = k.add(k.mul(down, shape.ky.size), shape.ky.first)
        body(_Unit(o, shape.channels.size, ky, shape.ky.size))

    for_each_unit(k, part, [shape.count for shape in shapes], unit)
