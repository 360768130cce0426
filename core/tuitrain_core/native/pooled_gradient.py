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

READY = 1280  # values made ready at once: 15 KiB with their addresses, a part of the first cache
MOST_CHANNELS = 32  # that were measured
ADDRESS = 2  # floats that an address takes
LINE = 16  # floats of a line of the cache


def serves(g: Geometry, host: Host) -> bool:
    """Whether the weight gradient can be computed here, and that is the faster way.

    With 32 channels and vectors of 16 lanes it takes half the time, with 6 channels 2/5; with
    vectors of 8 lanes 1/2 and 1/3.
    """
    single = g.C == 1 and g.stride == (1, 1) and g.OH > 1 and g.OW > 1
    fits = host.lanes >= g.KW and tile.budget(host) >= g.KH and _row(g) <= READY
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
    height = g.OH // 2

    def some_rows(n: Int, start: Int) -> None:
        count = k.minimum(sums.together, k.sub(height, start))
        sums.copy(k.at(x, k.mul(k.add(k.mul(n, g.PH), k.mul(start, 2)), g.PW)), count)
        place = k.mul(k.add(k.mul(n, height), start), _row(g))
        sums.prepare(k.at(dy, place), k.at(index, place), count)
        _units(k, g, (first, last), lambda o, size: sums.add(o, size, count))

    def sample(n: Int, _: list[Value]) -> None:
        parts = -(-height // sums.together)
        k.loop(parts, lambda i, _: some_rows(n, k.mul(i, sums.together)))

    k.loop(samples, sample)
    _units(k, g, (first, last), lambda o, size: sums.write(out, o, size))


def bias_gradient(k: Builder, g: Geometry) -> None:
    """Arguments dY, I, db, rows, first, last, as in `convolution.pooled_bias_gradient`."""
    dy, index, db, rows, first, last = k.arguments

    def read(place: Int, mask: Mask) -> Value:
        return _factor(k, k.load(dy, place, mask), k.load(index, place, mask))

    row_sums.emit(k, read, db, (rows, g.O, g.O), (first, last))


@dataclass(frozen=True)
class _Sums:
    """The weight gradient while it is added up.

    Attributes
    ----------
    narrow: a builder whose vectors hold KW pixels, and not many more.
    together: rows of the pooled gradient that are made ready at once.
    images: two copies of what these rows saw, the second half a line further on, so that in one of
        them any KW pixels lie in one line: reading across two takes twice as long.
    factors, addresses: what is multiplied, and the first of the pixels that its maximum saw, for
        [row][x][o]. (With an address a product is one instruction; from an offset it is two.)
    totals: [o][ky][lanes of narrow].
    """

    k: Builder
    g: Geometry
    narrow: Builder
    together: int
    images: Value
    factors: Value
    addresses: Value
    totals: Value

    @staticmethod
    def of(k: Builder, g: Geometry) -> _Sums:
        """Return them with memory of their own, all zero."""
        narrow, together = k.narrow(_lanes(g, k.host)), min(READY // _row(g), g.OH // 2)
        values = together * _whole(k, _row(g))
        sizes = [0, values, ADDRESS * values, g.O * g.KH * narrow.lanes]
        sums = _Sums(k, g, narrow, together, *sizes)
        sizes[0] = 2 * sums.copied + LINE + narrow.lanes
        memory = [k.scratch(floats) for floats in sizes]
        for address, floats in zip(memory, sizes, strict=True):
            images.fill(k, address, floats)
        return _Sums(k, g, narrow, together, *memory)

    @property
    def pitch(self) -> int:
        """Floats from a row to the next in the copies of the images."""
        return -(-(self.g.PW + LINE // 2) // LINE) * LINE

    @property
    def copied(self) -> int:
        """Floats from a pixel in the first copy to the same one in the second."""
        return (2 * self.together + self.g.KH - 1) * self.pitch + LINE // 2

    def copy(self, image: Value, rows: Int) -> None:
        """Copy what so many rows of the pooled gradient saw."""
        k = self.k

        def line(r: Value, _: list[Value]) -> None:
            source, target = (
                k.at(image, k.mul(r, self.g.PW)),
                k.at(self.images, k.mul(r, self.pitch)),
            )
            for offset, mask in k.columns(self.g.PW):
                pixels = k.load(source, offset, mask)
                k.store(pixels, target, offset, mask)
                k.store(pixels, target, self.copied + offset, mask)

        k.loop(k.add(k.mul(rows, 2), self.g.KH - 1), line)

    def prepare(self, dy: Value, index: Value, rows: Int) -> None:
        """Write the factors and addresses of so many rows of the pooled gradient."""
        k, row = self.k, _row(self.g)

        def line(r: Value, _: list[Value]) -> None:
            image = k.at(self.images, k.mul(r, 2 * self.pitch))
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
        return self.k.vector_of([x + (x % LINE >= LINE // 2) * self.copied for x in corners])

    def _pixel(self, where: Value) -> Value:
        """Return a maximum's pixel, counted from the window's first; 0 for I = -1."""
        k = self.k
        below = k.ir.select(k.greater(where, k.constant(1)), k.constant(self.pitch - 2), k.zero)
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
                    sums[at] = k.fma(d, k.load(pixels, ky * self.pitch), sums[at])
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
