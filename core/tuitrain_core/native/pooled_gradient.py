"""Emitters of the gradients of weight and bias from the gradient of a 2x2 maximum.

Of the four pixels of a window one alone has a gradient. Here it is read as it comes from the pool,
beside the place of each maximum: a quarter of the products, and nobody writes or reads the zeros.

For one input channel and few output channels. A value meets, for each ky, the KW pixels that its
maximum saw, as one vector:

    g[ky][0 ... KW-1][o] += dy[n][y][x][o] · in[n][2y + i // 2 + ky][2x + i % 2 + 0 ... KW-1]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import images, row_sums, tile
from .builder import Builder, Int, Mask, Value
from .geometry import Geometry, Group, cut
from .host import Host

READY = 1280  # values made ready at once: 15 KiB with their addresses, half of the first cache
SEEN = 4096  # pixels of both copies of what they see: 16 KiB
MOST_CHANNELS = 32  # that were measured
ADDRESS = 2  # floats that an address takes
LINE = 16  # floats of a line of the cache


def serves(g: Geometry, host: Host) -> bool:
    """Whether the weight gradient can be computed here, and that is the faster way.

    With 32 channels and vectors of 16 lanes it takes half the time, with 6 channels 2/5; with
    vectors of 8 lanes 1/2 and 1/3.
    """
    single = g.C == 1 and g.stride == (1, 1) and g.OH > 1 and g.OW > 1
    fits = host.lanes >= g.KW and tile.budget(host) >= g.KH and _Copies.of(g).together > 0
    return single and fits and g.O <= MOST_CHANNELS


def weight_units(g: Geometry, host: Host) -> int:
    """Return the units of the weight gradient: some output channels each."""
    return sum(group.count for group in _filters(g, host))


def weight_gradient(k: Builder, g: Geometry) -> None:
    """Arguments xp, dY, I, G, samples, first, last, as in `convolution.pooled_weight_gradient`.

    Some rows at a time: first what their values are multiplied with is made ready, then come the
    products, whose sum is added to a total.
    """
    x, dy, index, out, samples, first, last = k.arguments
    sums = _Sums.of(k, g)
    height, together = g.OH // 2, sums.copies.together

    def some_rows(n: Int, start: Int) -> None:
        count = k.minimum(together, k.sub(height, start))
        sums.copy(k.at(x, k.mul(k.add(k.mul(n, g.PH), k.mul(start, 2)), g.PW)), count)
        place = k.mul(k.add(k.mul(n, height), start), _row(g))
        sums.prepare(k.at(dy, place), k.at(index, place), count)
        _units(k, g, (first, last), lambda o, size: sums.add(o, size, count))

    def sample(n: Int, _: list[Value]) -> None:
        k.loop(-(-height // together), lambda i, _: some_rows(n, k.mul(i, together)))

    # Where no unit is asked for, nothing needs to be made ready.
    k.loop(k.ir.select(k.less(first, last), samples, k.integer(0)), sample)
    _units(k, g, (first, last), lambda o, size: sums.write(out, o, size))


def bias_gradient(k: Builder, g: Geometry) -> None:
    """Arguments dY, I, db, rows, first, last, as in `convolution.pooled_bias_gradient`."""
    dy, index, db, rows, first, last = k.arguments

    def read(place: Int, mask: Mask) -> Value:
        return _factor(k, k.load(dy, place, mask), k.load(index, place, mask))

    row_sums.emit(k, read, db, (rows, g.O, g.O), (first, last))


@dataclass(frozen=True)
class _Copies:
    """Two copies of the pixels that some rows of the pooled gradient saw.

    In the second they lie half a line of the cache further on. So in one of the two any 8 pixels
    from an even column on, and from the next one, lie in one line: reading from two takes twice as
    long.

    Attributes
    ----------
    together: how many rows of the pooled gradient; 0 if not even one would fit.
    lines: rows of pixels in a copy.
    pitch: floats from a row of pixels to the next.
    apart: floats from a pixel in the first copy to the same one in the second.
    """

    together: int
    lines: int
    pitch: int
    apart: int

    @staticmethod
    def of(g: Geometry) -> _Copies:
        """Return as many rows as fit."""
        pitch = -(-(g.PW + LINE // 2) // LINE) * LINE
        fit = (SEEN // (2 * pitch) - (g.KH - 1)) // 2
        together = max(0, min(g.OH // 2, READY // _row(g), fit))
        lines = 2 * together + g.KH - 1
        return _Copies(together, lines, pitch, lines * pitch + LINE // 2)

    def place(self, x: int) -> int:
        """Return from where to read an even column of the first row, or the one after it."""
        return x + (self.apart if x % LINE >= LINE // 2 else 0)

    @property
    def floats(self) -> int:
        """Return the floats of both, with what a vector holds beside the last KW pixels."""
        return 2 * self.lines * self.pitch + LINE


@dataclass(frozen=True)
class _Sums:
    """The weight gradient while it is added up.

    Attributes
    ----------
    narrow: a builder whose vectors hold KW pixels, and not many more.
    copies, images: the layout of the copies, and where they are.
    factors, addresses: what is multiplied, and the first of the pixels that its maximum saw, for
        [row][x][o]. (With an address a product is one instruction; from an offset it is two.)
    totals: [o][ky][lanes of narrow].
    """

    k: Builder
    g: Geometry
    narrow: Builder
    copies: _Copies
    images: Value
    factors: Value
    addresses: Value
    totals: Value

    @staticmethod
    def of(k: Builder, g: Geometry) -> _Sums:
        """Return them with memory of their own, all zero."""
        narrow, copies = k.narrow(_lanes(g, k.host)), _Copies.of(g)
        values = copies.together * _whole(k, _row(g))
        sizes = [copies.floats, values, ADDRESS * values, g.O * g.KH * narrow.lanes]
        memory = [k.scratch(floats) for floats in sizes]
        for address, floats in zip(memory, sizes, strict=True):
            images.fill(k, address, floats)
        return _Sums(k, g, narrow, copies, *memory)

    def copy(self, image: Value, rows: Int) -> None:
        """Copy what so many rows of the pooled gradient saw."""
        k = self.k

        def line(r: Value, _: list[Value]) -> None:
            source = k.at(image, k.mul(r, self.g.PW))
            target = k.at(self.images, k.mul(r, self.copies.pitch))
            for offset, mask in k.columns(self.g.PW):
                pixels = k.load(source, offset, mask)
                k.store(pixels, target, offset, mask)
                k.store(pixels, target, self.copies.apart + offset, mask)

        k.loop(k.add(k.mul(rows, 2), self.g.KH - 1), line)

    def prepare(self, dy: Value, index: Value, rows: Int) -> None:
        """Write the factors and addresses of so many rows of the pooled gradient."""
        k, row = self.k, _row(self.g)

        def line(r: Value, _: list[Value]) -> None:
            image = k.at(self.images, k.mul(r, 2 * self.copies.pitch))
            for first, mask in k.columns(row):
                source = k.add(k.mul(r, row), first)
                target = k.add(k.mul(r, _whole(k, row)), first)
                where = k.load(index, source, mask)
                k.store(_factor(k, k.load(dy, source, mask), where), self.factors, target)
                pixels = k.ir.fadd(self._pixel(where), self._corners(first))
                k.store_addresses(image, pixels, k.at(self.addresses, k.mul(target, ADDRESS)))

        k.loop(rows, line)

    def _corners(self, first: int) -> Value:
        """Return the windows' first pixels, for the values of a row from `first` on."""
        corners = [2 * ((first + lane) // self.g.O) for lane in range(self.k.lanes)]
        return self.k.vector_of([self.copies.place(x) for x in corners])

    def _pixel(self, where: Value) -> Value:
        """Return a maximum's pixel, counted from the window's first; 0 for I = -1."""
        k = self.k
        down = k.constant(self.copies.pitch - 2)
        below = k.ir.select(k.greater(where, k.constant(1)), down, k.zero)
        return k.ir.fadd(k.ir.select(k.greater(where, k.zero), where, k.zero), below)

    def add(self, o: Int, size: int, rows: Int) -> None:
        """Add to the totals of some channels what the rows that are ready add up to."""
        k = self.narrow
        total = k.at(self.totals, k.mul(o, self.g.KH * k.lanes))
        start = [k.zero] * (size * self.g.KH)
        sums = k.loop(rows, lambda row, carry: self._line(o, size, row, carry), start)
        for place, value in enumerate(sums):
            at = place * k.lanes
            k.store(k.ir.fadd(k.load(total, at), value), total, at)

    def _line(self, o: Int, size: int, row: Int, sums: list[Value]) -> list[Value]:
        """Add the products of a row that is ready."""
        k, g = self.narrow, self.g
        value = k.add(k.mul(row, _whole(self.k, _row(g))), o)

        def window(_: Value, carry: list[Value]) -> list[Value]:
            factor, address, sums = carry[0], carry[1], carry[2:]
            for i in range(size):
                pixels = k.load_address(address, i * ADDRESS)
                d = k.splat(k.load_scalar(factor, i))
                for ky, at in enumerate(range(i * g.KH, (i + 1) * g.KH)):
                    sums[at] = k.fma(d, k.load(pixels, ky * self.copies.pitch), sums[at])
            return [k.at(factor, g.O), k.at(address, g.O * ADDRESS), *sums]

        addresses = k.at(self.addresses, k.mul(value, ADDRESS))
        return k.loop(g.OW // 2, window, [k.at(self.factors, value), addresses, *sums])[2:]

    def write(self, out: Value, o: Int, size: int) -> None:
        """Write the totals of some channels to G, [(ky, kx)][O padded]."""
        k, g, lanes = self.k, self.g, self.narrow.lanes
        total, target = k.at(self.totals, k.mul(o, g.KH * lanes)), k.at(out, o)
        for i in range(size):
            for tap in range(g.taps):
                ky, kx = divmod(tap, g.KW)
                value = k.load_scalar(total, (i * g.KH + ky) * lanes + kx)
                k.store_scalar(value, target, tap * _whole(k, g.O) + i)


def _factor(k: Builder, dy: Value, where: Value) -> Value:
    """Return dy · (ReLU is on), a product, so that NaN and inf stay in sight."""
    return k.where_positive(k.ir.fadd(where, k.constant(1)), dy)


def _row(g: Geometry) -> int:
    """Return the values of a row of the pooled gradient."""
    return g.OW // 2 * g.O


def _lanes(g: Geometry, host: Host) -> int:
    """Return the lanes of the vectors of pixels: no more than are needed, but four."""
    return min(host.lanes, max(4, 1 << (g.KW - 1).bit_length()))


def _whole(k: Builder, floats: int) -> int:
    """Return the floats of as many vectors as hold so many."""
    return -(-floats // k.lanes) * k.lanes


def _filters(g: Geometry, host: Host) -> list[Group]:
    """Return the tiles along the output channels: KH accumulators for each."""
    return cut(g.O, tile.budget(host) // g.KH)


def _units(
    k: Builder, g: Geometry, part: tuple[Int, Int], body: Callable[[Int, int], None]
) -> None:
    """Emit body(first channel, how many) for the units of a part."""
    numbered = 0
    for group in _filters(g, k.host):
        begin = k.maximum(k.sub(part[0], numbered), 0)
        end = k.sub(k.minimum(part[1], numbered + group.count), numbered)

        def unit(number: Int, _: int, group: Group = group) -> None:
            body(k.add(k.mul(number, group.size), group.first), group.size)

        k.tiles(begin, end, [1], unit)
        numbered += group.count
