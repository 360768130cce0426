"""The emitter of a convolution's input gradient from the gradient of a 2x2 maximum after it.

One pixel in four of the convolution's output has a gradient. Here the gradient is read before the
unpooling, together with the position of every maximum, and its products are added to their pixels:

    dx[n][2y + i // 2 + ky][2x + i % 2 + kx][c] += dy[n][y][x][o] · w[o][ky][kx, c]

The products of one window cover KH + 1 lines of (KW + 1) · C floats, which stay in registers over
all channels o. The position of a maximum selects the address that the weights are read from: they
are padded with zeros, in two copies unless channels fill vectors, so that every read is of whole
aligned vectors. For LeNet's second convolution this takes less than half the time of unpool, dilate
and all products; for 16 to 64 channels with 3 x 3 weights, 3/5 to 9/10 of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from llvmlite import ir

from ..ir import block_copy
from ..ir.builder import INT32, Builder, Int, Mask, Value
from ..ir.host import Host
from ..linalg import broadcast_tile
from . import padding
from .geometry import Geometry, split_tiles
from .weight_gradient_from_pool import ADDRESS_FLOATS, relu_gated

MAX_WEIGHT_FLOATS = 9216  # of the channels that are processed together: 36 KiB
MAX_IMAGE_FLOATS = 16384  # an image with its border on the stack: 64 KiB


@dataclass(frozen=True)
class WeightLayout:
    """The layout of the weights, [o][ky + 1][copy][floats], and a line of zeros at the end.

    The first line of every o is zeros, so that there are zeros before and after its weights.

    If channels fill vectors, a line is a column of zeros, the weights (kx, c), and a column of
    zeros. Else it is two padded copies of the weights: for a maximum in the left column of the
    window, and for one in the right column.
    """

    g: Geometry
    lanes: int

    @property
    def fills_vectors(self) -> bool:
        """Whether channels fill vectors: then a column of zeros replaces the second copy."""
        return self.g.C % self.lanes == 0

    @property
    def vectors(self) -> int:
        """Vectors of one line of a window's products."""
        return -(-(self.g.KW + 1) * self.g.C // self.lanes)

    @property
    def line_floats(self) -> int:
        """Floats of one ky."""
        if self.fills_vectors:
            return (self.g.KW + 2) * self.g.C
        return 2 * self.vectors * self.lanes

    @property
    def left_start(self) -> int:
        """Offset in a line to read from, for a maximum in the left column."""
        return self.g.C if self.fills_vectors else 0

    @property
    def right_start(self) -> int:
        """Offset in a line to read from, for a maximum in the right column."""
        return 0 if self.fills_vectors else self.vectors * self.lanes

    def run_starts(self) -> list[int]:
        """Return the offsets in a line of the runs of weights (kx, c)."""
        return [self.g.C] if self.fills_vectors else [0, self.right_start + self.g.C]

    @property
    def channel_floats(self) -> int:
        """Floats of one output channel."""
        return (self.g.KH + 1) * self.line_floats

    @property
    def total_floats(self) -> int:
        """Floats of all weights."""
        return self.g.O * self.channel_floats + self.line_floats


def is_supported(g: Geometry, host: Host) -> bool:
    """Return whether the input gradient can be computed here, and faster than with unpooling."""
    if g.stride != (1, 1) or g.OH < 2 or g.OW < 2 or min(g.KH, g.KW) < 2:
        return False
    fits_stack = g.padding == (0, 0) or g.PH * g.PW * g.C <= MAX_IMAGE_FLOATS
    return fits_stack and broadcast_tile.register_budget(host) > g.KH


def packed_size(g: Geometry, host: Host) -> int:
    """Return the floats of the packed weights."""
    return WeightLayout(g, host.lanes).total_floats


def pack(k: Builder, g: Geometry) -> None:
    """Write P in the layout of `WeightLayout`. Arguments: W, P."""
    w, p = k.arguments
    layout, run = WeightLayout(g, k.lanes), g.KW * g.C

    def channel(o: Value, _: list[Value]) -> None:
        target = k.at(p, k.mul(o, layout.channel_floats))
        block_copy.fill_zeros(k, target, layout.line_floats)

        def line(ky: Value, _: list[Value]) -> None:
            source = k.at(w, k.mul(o, g.C * g.taps), k.mul(ky, g.KW))
            here = k.at(target, k.mul(k.add(ky, 1), layout.line_floats))
            block_copy.fill_zeros(k, here, layout.line_floats)
            for offset, mask in k.vector_slices(run):
                vector = k.zero
                for lane in range(mask or k.lanes):
                    kx, c = divmod(offset + lane, g.C)
                    value = k.load_scalar(source, c * g.taps + kx)
                    vector = k.ir.insert_element(vector, value, ir.Constant(INT32, lane))
                for place in layout.run_starts():
                    k.store(vector, here, place + offset, mask)

        k.loop(g.KH, line)

    k.loop(g.O, channel)
    block_copy.fill_zeros(k, k.at(p, g.O * layout.channel_floats), layout.line_floats)


def input_gradient(k: Builder, g: Geometry) -> None:
    """Emit `convolution.pooled_input_gradient`. Arguments: dY, I, P, dX, first, last (samples)."""
    dy, index, p, dx, first, last = k.arguments
    windows = _Windows.of(k, g)
    memory = k.scratch(g.PH * g.PW * g.C) if g.padding != (0, 0) else None

    def sample(i: Value, _: list[Value]) -> None:
        n = k.add(first, i)
        target, start = k.at(dx, k.mul(n, g.H * g.W * g.C)), k.mul(n, g.OH // 2 * (g.OW // 2) * g.O)
        image = target if memory is None else memory
        block_copy.fill_zeros(k, image, g.PH * g.PW * g.C)

        def channels(o: Int, count: int) -> None:
            source = k.at(dy, start, o), k.at(index, start, o)
            windows.add(image, source, k.at(p, k.mul(o, windows.weights.channel_floats)), count)

        for group in split_tiles(g.O, _channels_at_once(k, g)):
            end = group.first + group.count * group.size
            k.tiles(group.first, end, [group.size], channels)
        if memory is not None:
            padding.crop(k, g, image, target)

    k.loop(k.sub(last, first), sample)


def _channels_at_once(k: Builder, g: Geometry) -> int:
    """Return how many channels are processed together."""
    return max(1, min(g.O, MAX_WEIGHT_FLOATS // WeightLayout(g, k.lanes).channel_floats))


@dataclass(frozen=True)
class _Windows:
    """The emitters that add the products of a sample's windows to its image.

    Attributes
    ----------
    weights : the layout of the weights
    floats : memory for a number of every channel of a window, in whole vectors
    factors, addresses : the gated gradient and the address of the weights, for every channel of a
        window, and of the window below it
    """

    k: Builder
    g: Geometry
    weights: WeightLayout
    floats: int
    factors: Value
    addresses: Value

    @staticmethod
    def of(k: Builder, g: Geometry) -> _Windows:
        """Return the emitters, with memory on the stack."""
        floats = k.host.round_up(_channels_at_once(k, g))
        factors, addresses = k.scratch(2 * floats), k.scratch(2 * ADDRESS_FLOATS * floats)
        return _Windows(k, g, WeightLayout(g, k.lanes), floats, factors, addresses)

    def add(self, image: Value, source: tuple[Value, Value], p: Value, channels: int) -> None:
        """Add the products of some channels; source: dY and I of the first channel."""
        k, g = self.k, self.g
        vectors = k.vector_slices((g.KW + 1) * g.C)
        for part in split_tiles(len(vectors), broadcast_tile.register_budget(k.host) // (g.KH + 1)):
            for number in range(part.count):
                start = part.first + number * part.size
                columns = vectors[start : start + part.size]
                self._prepare(k.constant_int(0), source, p, channels)
                k.loop(
                    g.OW // 2,
                    lambda x, _, columns=columns: self._column(
                        image, source, p, channels, x, columns
                    ),
                )

    def _column(
        self,
        image: Value,
        source: tuple[Value, Value],
        p: Value,
        channels: int,
        x: Int,
        columns: broadcast_tile.VectorSlices,
    ) -> None:
        """Add the products of a column of windows, from the top down.

        A window shares all but two of its lines with the next one; they stay in registers. The next
        window is prepared before the products of this one, which then need not wait for their
        factors: a tenth to a third of the time.
        """
        k, g = self.k, self.g
        top = k.at(image, k.mul(x, 2 * g.C))
        row_stride, height = g.PW * g.C, g.OH // 2
        zeros = [self._builder(mask).zero for _, mask in columns]

        def window(y: Value, above: list[Value]) -> list[Value]:
            number = k.add(k.mul(x, height), y)
            following = k.add(number, 1)
            k.if_then(
                k.less(following, height * (g.OW // 2)),
                lambda: self._prepare(following, source, p, channels),
            )
            sums = self._sums(channels, columns, [*above, *zeros, *zeros], self._buffer(number))
            self._store(k.at(top, k.mul(y, 2 * row_stride)), columns, sums[: 2 * len(columns)])
            return sums[2 * len(columns) :]

        rest = k.loop(height, window, zeros * (g.KH - 1))
        self._store(k.at(top, 2 * height * row_stride), columns, rest)

    def _store(
        self, target: Value, columns: broadcast_tile.VectorSlices, sums: list[Value]
    ) -> None:
        """Add to some lines of the image."""
        k = self.k
        for place, value in enumerate(sums):
            line, column = divmod(place, len(columns))
            offset, mask = columns[column]
            offset += line * self.g.PW * self.g.C
            k = self._builder(mask)
            k.store(k.ir.fadd(k.load(target, offset, mask), value), target, offset, mask)

    def _builder(self, mask: Mask) -> Builder:
        """Return the builder of a column's vectors: of fewer lanes if the last ones would idle."""
        if not isinstance(mask, int):
            return self.k
        return self.k.with_lanes(min(self.k.lanes, max(4, 1 << (mask - 1).bit_length())))

    def _buffer(self, number: Int) -> tuple[Value, Value]:
        """Return the memory of the factors and addresses of a window.

        number: counts the windows column by column, from the top down.
        """
        k, place = self.k, self.k.mul(self.k.rem(number, 2), self.floats)
        return k.at(self.factors, place), k.at(self.addresses, k.mul(place, ADDRESS_FLOATS))

    def _prepare(self, number: Value, source: tuple[Value, Value], p: Value, channels: int) -> None:
        """Write the factors and addresses of some channels of a window; see `_buffer`."""
        k, g, weights, (factors, addresses) = self.k, self.g, self.weights, self._buffer(number)
        x, y = k.div(number, g.OH // 2), k.rem(number, g.OH // 2)
        place = k.mul(k.add(k.mul(y, g.OW // 2), x), g.O)
        dy, index = k.at(source[0], place), k.at(source[1], place)
        for offset, mask in k.vector_slices(channels):
            position = k.load(index, offset, mask)
            d = relu_gated(k, k.load(dy, offset, mask), position)
            k.store(d, factors, offset)
            starts = [lane * weights.channel_floats for lane in range(k.lanes)]
            place = k.ir.fadd(self._start(position), k.constant_vector(starts))
            start = k.at(p, offset * weights.channel_floats)
            k.store_addresses(start, place, k.at(addresses, offset * ADDRESS_FLOATS))

    def _start(self, position: Value) -> Value:
        """Return the offset to read the weights from; I = -1 counts as 0."""
        k, w = self.k, self.weights
        below = k.greater(position, k.constant(1))
        number = k.ir.fsub(position, k.ir.select(below, k.constant(2), k.zero))
        right = k.greater(number, k.zero)
        across = k.ir.select(right, k.constant(w.right_start), k.constant(w.left_start))
        return k.ir.fadd(k.ir.select(below, k.zero, k.constant(w.line_floats)), across)

    def _sums(
        self,
        channels: int,
        columns: broadcast_tile.VectorSlices,
        start: list[Value],
        buffer: tuple[Value, Value],
    ) -> list[Value]:
        """Add the products of the channels to the lines of one window."""
        k, (factors, addresses) = self.k, buffer
        builders = [self._builder(mask) for _, mask in columns] * (self.g.KH + 1)
        reads = [
            line * self.weights.line_floats + at
            for line in range(self.g.KH + 1)
            for at, _ in columns
        ]

        def channel(o: Value, sums: list[Value]) -> list[Value]:
            weights = k.load_address(k.at(addresses, k.mul(o, ADDRESS_FLOATS)))
            d = k.load_scalar(k.at(factors, o))
            factor = {builder.lanes: builder.splat(d) for builder in builders}
            return [
                b.fma(factor[b.lanes], b.load(weights, place), value)
                for b, place, value in zip(builders, reads, sums, strict=True)
            ]

        return k.loop(channels, channel, start)
