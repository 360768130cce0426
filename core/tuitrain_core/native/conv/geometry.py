"""The sizes of a convolution, and the tiles of its loops."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.host import Host
from ..linalg.broadcast_tile import register_budget


@dataclass(frozen=True)
class Geometry:
    """A 2-D convolution: images (H, W, C), weight (O, C, KH, KW), stride and padding as (y, x)."""

    C: int
    H: int
    W: int
    O: int  # noqa: E741
    KH: int
    KW: int
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)

    @property
    def OH(self) -> int:
        """Height of the output."""
        return (self.PH - self.KH) // self.stride[0] + 1

    @property
    def OW(self) -> int:
        """Width of the output."""
        return (self.PW - self.KW) // self.stride[1] + 1

    @property
    def PH(self) -> int:
        """Height of the padded input."""
        return self.H + 2 * self.padding[0]

    @property
    def PW(self) -> int:
        """Width of the padded input."""
        return self.W + 2 * self.padding[1]

    @property
    def DH(self) -> int:
        """Height of the dilated output gradient, whose correlation is the input gradient."""
        return self.H + self.KH - 1

    @property
    def DW(self) -> int:
        """Width of the dilated output gradient."""
        return self.W + self.KW - 1

    @property
    def dilated_rows(self) -> StridedRange:
        """The rows of the output gradient in the dilated one."""
        offset = self.KH - 1 - self.padding[0]
        return StridedRange.of(self.OH, self.stride[0], offset, self.DH)

    @property
    def dilated_columns(self) -> StridedRange:
        """The columns of the output gradient in the dilated one."""
        offset = self.KW - 1 - self.padding[1]
        return StridedRange.of(self.OW, self.stride[1], offset, self.DW)

    @property
    def taps(self) -> int:
        """Weights of one output channel on one input channel."""
        return self.KH * self.KW


@dataclass(frozen=True)
class StridedRange:
    """Lines copied with a step: from first_source on to first_target, first_target + step, ..."""

    first_source: int
    first_target: int
    count: int
    step: int

    @staticmethod
    def of(count: int, step: int, offset: int, size: int) -> StridedRange:
        """Return the targets i · step + offset of lines i, without those outside 0 ... size-1."""
        inside = [i for i in range(count) if 0 <= i * step + offset < size]
        if not inside:
            return StridedRange(0, 0, 0, step)
        return StridedRange(inside[0], inside[0] * step + offset, len(inside), step)


@dataclass(frozen=True)
class TileRun:
    """Adjacent tiles of one size: `count` of them from `first` on."""

    first: int
    count: int
    size: int


def split_tiles(length: int, max_size: int) -> list[TileRun]:
    """Cut a length into tiles of one size if it is near max_size, else of two sizes."""
    for size in range(min(max_size, length), max_size * 3 // 4, -1):
        if length % size == 0:
            return [TileRun(0, length // size, size)]
    count = -(-length // max_size)
    size, larger = divmod(length, count)
    runs = [TileRun(0, larger, size + 1), TileRun(larger * (size + 1), count - larger, size)]
    return [run for run in runs if run.count]


HALF_COST = 0.6
"""The time of a product of half vectors, that of whole ones being 1, on processors with halves."""


def vector_lanes(channels: int, host: Host) -> int:
    """Return the lanes of vectors along channels: half of the processor's, where that is faster."""
    half = host.lanes // 2
    wholes, halves = -(-channels // host.lanes), -(-channels // half)
    return half if host.tiles.halves and halves * HALF_COST < wholes else host.lanes


def vectors_per_tile(count: int, host: Host) -> int:
    """Return the number of vectors of channels in a tile; count: the vectors of all channels."""
    if count % 2 == 0:
        return 2
    return 3 if count >= 3 and host.registers >= 32 else 1


@dataclass(frozen=True)
class ChannelTiles:
    """Tiles along the channels, in vectors, of which the last may not be full.

    Attributes
    ----------
    runs : pairs of (tiles, lanes in the last vector of a tile)
    lanes : lanes of the vectors
    vectors_per_tile : the largest number of vectors in a tile
    padded_size : the channels in memory, padded to whole vectors of the processor
    """

    runs: tuple[tuple[TileRun, int], ...]
    lanes: int
    vectors_per_tile: int
    padded_size: int

    @staticmethod
    def of(channels: int, host: Host) -> ChannelTiles:
        """Return the tiles along this number of channels."""
        lanes = vector_lanes(channels, host)
        count, rest = -(-channels // lanes), channels % lanes
        vectors = vectors_per_tile(count, host)
        runs = [(run, lanes) for run in split_tiles(count, vectors)]
        if rest:
            last, _ = runs.pop()
            start = last.first + (last.count - 1) * last.size
            if last.count > 1:
                runs.append((TileRun(last.first, last.count - 1, last.size), lanes))
            runs.append((TileRun(start, 1, last.size), rest))
        return ChannelTiles(tuple(runs), lanes, vectors, host.round_up(channels))

    def max_rows(self, host: Host) -> int:
        """Return how many rows of accumulators a tile may have."""
        return register_budget(host) // max(self.vectors_per_tile, 2)
