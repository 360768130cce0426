"""The emitter of a convolution's input gradient from the gradient of a 2x2 maximum behind it.

One pixel in four of the convolution's output has a gradient. Here it is read as it comes from the
pool, beside the place of each maximum, and its products are added where they belong:

    dx[n][2y + i // 2 + ky][2x + i % 2 + kx][c] += dy[n][y][x][o] · w[o][ky][kx, c]

All that one window gives lies in KH + 1 lines of (KW + 1) · C floats, which stay in registers over
all channels o. Where in there a maximum's part lies is decided by where the weights are read: they
stand among zeros, in two copies unless channels fill vectors, so that every read is of whole
vectors that begin with a line of the cache. For LeNet's second convolution that takes less than
half the time of unpool, spread and all products; for 16 to 64 channels with 3 x 3 weights, 3/5 to
9/10 of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from ..ir import block_copy
from ..ir.builder import INT32, Builder, Int, Value
from ..ir.host import Host
from ..linalg import broadcast_tile
from . import padding
from .geometry import Geometry, cut
from .weight_gradient_from_pool import ADDRESS, factor

WEIGHTS = 9216  # floats of the weights of channels that come one after another: 36 KiB
IMAGE = 16384  # floats of an image with its border, where that is needed: 64 KiB


@dataclass(frozen=True)
class Weights:
    """How the weights are laid out: [o][ky + 1][copy][floats], and a line of zeros behind all.

    The first line of each o is zeros, and so the one behind its last.

    With whole vectors of channels a line is a column of zeros, the weights (kx, c), and a column of
    zeros; else it is two copies of what a window gives, for a maximum in the left column and one in
    the right.
    """

    g: Geometry
    lanes: int

    @property
    def whole(self) -> bool:
        """Whether channels fill vectors: then a column of zeros serves for the second copy."""
        return self.g.C % self.lanes == 0

    @property
    def vectors(self) -> int:
        """The vectors of a line of what a window gives."""
        return -(-(self.g.KW + 1) * self.g.C // self.lanes)

    @property
    def line(self) -> int:
        """Floats of one ky."""
        if self.whole:
            return (self.g.KW + 2) * self.g.C
        return 2 * self.vectors * self.lanes

    @property
    def left(self) -> int:
        """Where in a line to begin to read for a maximum in the left column."""
        return self.g.C if self.whole else 0

    @property
    def right(self) -> int:
        """Where in a line to begin to read for a maximum in the right column."""
        return 0 if self.whole else self.vectors * self.lanes

    def places(self) -> list[int]:
        """Return where in a line the run of weights (kx, c) stands."""
        return [self.g.C] if self.whole else [0, self.right + self.g.C]

    @property
    def channel(self) -> int:
        """Floats from a channel to the next."""
        return (self.g.KH + 1) * self.line

    @property
    def floats(self) -> int:
        """Floats of all."""
        return self.g.O * self.channel + self.line


def serves(g: Geometry, host: Host) -> bool:
    """Whether the input gradient can be computed here, and that is the faster way."""
    if g.stride != (1, 1) or g.OH < 2 or g.OW < 2 or min(g.KH, g.KW) < 2:
        return False
    bordered = g.padding == (0, 0) or g.PH * g.PW * g.C <= IMAGE
    return bordered and broadcast_tile.budget(host) > g.KH


def size(g: Geometry, host: Host) -> int:
    """Return the floats of the weights as they are read here."""
    return Weights(g, host.lanes).floats


def pack(k: Builder, g: Geometry) -> None:
    """Arguments W, P: bring W into the order of `Weights`."""
    w, p = k.arguments
    layout, run = Weights(g, k.lanes), g.KW * g.C

    def channel(o: Value, _: list[Value]) -> None:
        target = k.at(p, k.mul(o, layout.channel))
        block_copy.fill(k, target, layout.line)

        def line(ky: Value, _: list[Value]) -> None:
            source = k.at(w, k.mul(o, g.C * g.taps), k.mul(ky, g.KW))
            here = k.at(target, k.mul(k.add(ky, 1), layout.line))
            block_copy.fill(k, here, layout.line)
            for offset, mask in k.columns(run):
                vector = k.zero
                for lane in range(mask or k.lanes):
                    kx, c = divmod(offset + lane, g.C)
                    value = k.load_scalar(source, c * g.taps + kx)
                    vector = k.ir.insert_element(vector, value, ir.Constant(INT32, lane))
                for place in layout.places():
                    k.store(vector, here, place + offset, mask)

        k.loop(g.KH, line)

    k.loop(g.O, channel)
    block_copy.fill(k, k.at(p, g.O * layout.channel), layout.line)


def input_gradient(k: Builder, g: Geometry) -> None:
    """Arguments dY, I, P, dX, first, last (samples)."""
    dy, index, p, dx, first, last = k.arguments
    windows = _Windows.of(k, g)
    memory = k.scratch(g.PH * g.PW * g.C) if g.padding != (0, 0) else None

    def sample(i: Value, _: list[Value]) -> None:
        n = k.add(first, i)
        target, start = k.at(dx, k.mul(n, g.H * g.W * g.C)), k.mul(n, g.OH // 2 * (g.OW // 2) * g.O)
        image = target if memory is None else memory
        block_copy.fill(k, image, g.PH * g.PW * g.C)

        def channels(o: Int, count: int) -> None:
            given = k.at(dy, start, o), k.at(index, start, o)
            windows.add(image, given, k.at(p, k.mul(o, windows.weights.channel)), count)

        for group in cut(g.O, _together(k, g)):
            end = group.first + group.count * group.size
            k.tiles(group.first, end, [group.size], channels)
        if memory is not None:
            padding.crop(k, g, image, target)

    k.loop(k.sub(last, first), sample)


def _together(k: Builder, g: Geometry) -> int:
    """Return the channels whose weights are used one after another."""
    return max(1, min(g.O, WEIGHTS // Weights(g, k.lanes).channel))


@dataclass(frozen=True)
class _Windows:
    """What the windows of a sample give, added to its image.

    Attributes
    ----------
    weights: their layout.
    factors, addresses: what is multiplied with which weights, for each channel of one window.
    """

    k: Builder
    g: Geometry
    weights: Weights
    factors: Value
    addresses: Value

    @staticmethod
    def of(k: Builder, g: Geometry) -> _Windows:
        """Return them with memory of their own."""
        held = -(-_together(k, g) // k.lanes) * k.lanes
        weights = Weights(g, k.lanes)
        return _Windows(k, g, weights, k.scratch(held), k.scratch(ADDRESS * held))

    def add(self, image: Value, given: tuple[Value, Value], p: Value, channels: int) -> None:
        """Add what some channels give; given: where the first one's dY and I are."""
        k, g = self.k, self.g
        vectors = k.columns((g.KW + 1) * g.C)
        for part in cut(len(vectors), broadcast_tile.budget(k.host) // (g.KH + 1)):
            for number in range(part.count):
                start = part.first + number * part.size
                columns = vectors[start : start + part.size]
                k.loop(
                    g.OW // 2,
                    lambda x, _, columns=columns: self._column(
                        image, given, p, channels, x, columns
                    ),
                )

    def _column(
        self,
        image: Value,
        given: tuple[Value, Value],
        p: Value,
        channels: int,
        x: Int,
        columns: broadcast_tile.Columns,
    ) -> None:
        """Add what a column of windows gives, from the top down.

        A window shares all but two of its lines with the one below: these stay in registers.
        """
        k, g = self.k, self.g
        top = k.at(image, k.mul(x, 2 * g.C))
        pitch, shared = g.PW * g.C, (g.KH - 1) * len(columns)

        def window(y: Value, above: list[Value]) -> list[Value]:
            place = k.mul(k.add(k.mul(y, g.OW // 2), x), g.O)
            self._prepare(k.at(given[0], place), k.at(given[1], place), p, channels)
            sums = self._sums(channels, columns, [*above, *[k.zero] * (2 * len(columns))])
            self._store(k.at(top, k.mul(y, 2 * pitch)), columns, sums[: 2 * len(columns)])
            return sums[2 * len(columns) :]

        rest = k.loop(g.OH // 2, window, [k.zero] * shared)
        self._store(k.at(top, 2 * (g.OH // 2) * pitch), columns, rest)

    def _store(self, target: Value, columns: broadcast_tile.Columns, sums: list[Value]) -> None:
        """Add to some lines of the image."""
        k = self.k
        for place, value in enumerate(sums):
            line, column = divmod(place, len(columns))
            offset, mask = columns[column]
            offset += line * self.g.PW * self.g.C
            k.store(k.ir.fadd(k.load(target, offset, mask), value), target, offset, mask)

    def _prepare(self, dy: Value, index: Value, p: Value, channels: int) -> None:
        """Write factors and addresses of some channels."""
        k, weights = self.k, self.weights
        for offset, mask in k.columns(channels):
            where = k.load(index, offset, mask)
            d = factor(k, k.load(dy, offset, mask), where)
            k.store(d, self.factors, offset)
            starts = [lane * weights.channel for lane in range(k.lanes)]
            place = k.ir.fadd(self._place(where), k.vector_of(starts))
            start = k.at(p, offset * weights.channel)
            k.store_addresses(start, place, k.at(self.addresses, offset * ADDRESS))

    def _place(self, where: Value) -> Value:
        """Return where to begin to read the weights for a maximum; for I = -1 as for 0."""
        k, w = self.k, self.weights
        below = k.greater(where, k.constant(1))
        number = k.ir.fsub(where, k.ir.select(below, k.constant(2), k.zero))
        right = k.greater(number, k.zero)
        across = k.ir.select(right, k.constant(w.right), k.constant(w.left))
        return k.ir.fadd(k.ir.select(below, k.zero, k.constant(w.line)), across)

    def _sums(
        self, channels: int, columns: broadcast_tile.Columns, start: list[Value]
    ) -> list[Value]:
        """Add to the lines of one window what its channels give."""
        k = self.k
        reads = [
            line * self.weights.line + at for line in range(self.g.KH + 1) for at, _ in columns
        ]

        def channel(o: Value, sums: list[Value]) -> list[Value]:
            weights = k.load_address(k.at(self.addresses, k.mul(o, ADDRESS)))
            d = k.splat(k.load_scalar(k.at(self.factors, o)))
            return [
                k.fma(d, k.load(weights, place), value)
                for place, value in zip(reads, sums, strict=True)
            ]

        return k.loop(channels, channel, start)
