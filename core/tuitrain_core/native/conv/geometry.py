"""The sizes of a convolution, and how its loops are cut into tiles."""

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
        """Height of the spread gradient: with it, the input gradient is a plain correlation."""
        return self.H + self.KH - 1

    @property
    def DW(self) -> int:
        """Width of the spread gradient."""
        return self.W + self.KW - 1

    @property
    def dilated_rows(self) -> StridedRange:
        """Where the rows of the output gradient lie in the spread one."""
        offset = self.KH - 1 - self.padding[0]
        return StridedRange.of(self.OH, self.stride[0], offset, self.DH)

    @property
    def dilated_columns(self) -> StridedRange:
        """Where the columns of the output gradient lie in the spread one."""
        offset = self.KW - 1 - self.padding[1]
        return StridedRange.of(self.OW, self.stride[1], offset, self.DW)

    @property
    def taps(self) -> int:
        """Weights of one output channel on one input channel."""
        return self.KH * self.KW


@dataclass(frozen=True)
class StridedRange:
    """Lines that are spread out: the lines from `first` on, at place, place + step, ..."""

    first_source: int
    first_target: int
    count: int
    step: int

    @staticmethod
    def of(count: int, step: int, offset: int, size: int) -> StridedRange:
        """Return where the lines i · step + offset lie, without those outside of 0 ... size-1."""
        inside = [i for i in range(count) if 0 <= i * step + offset < size]
        if not inside:
            return StridedRange(0, 0, 0, step)
        return StridedRange(inside[0], inside[0] * step + offset, len(inside), step)


@dataclass(frozen=True)
class TileRun:
    """Tiles of one size, side by side: `count` of them from `first` on."""

    first: int
    count: int
    size: int


def split_tiles(length: int, max_size: int) -> list[TileRun]:
    """Cut a length into tiles of at most `most`: of one size if that is not much less, else two."""
    for size in range(min(max_size, length), max_size * 3 // 4, -1):
        if length % size == 0:
            return [TileRun(0, length // size, size)]
    count = -(-length // max_size)
    size, larger = divmod(length, count)
    groups = [TileRun(0, larger, size + 1), TileRun(larger * (size + 1), count - larger, size)]
    return [group for group in groups if group.count]


def vectors_per_tile(count: int, host: Host) -> int:
    """Return how many vectors of channels a tile has, of so many that there are."""
    if count % 2 == 0:
        return 2
    return 3 if count >= 3 and host.registers >= 32 else 1


@dataclass(frozen=True)
class ChannelTiles:
    """Tiles along the channels, in vectors, of which the last may not be full."""

    runs: tuple[tuple[TileRun, int], ...]  # (tiles, lanes that the last vector of each has)
    vectors_per_tile: int
    padded_size: int

    @staticmethod
    def of(channels: int, host: Host) -> ChannelTiles:
        """Return the tiles for so many channels."""
        count, rest = -(-channels // host.lanes), channels % host.lanes
        together = vectors_per_tile(count, host)
        groups = [(group, host.lanes) for group in split_tiles(count, together)]
        if rest:
            last, _ = groups.pop()
            start = last.first + (last.count - 1) * last.size
            if last.count > 1:
                groups.append((TileRun(last.first, last.count - 1, last.size), host.lanes))
            groups.append((TileRun(start, 1, last.size), rest))
        return ChannelTiles(tuple(groups), together, count * host.lanes)

    def max_rows(self, host: Host) -> int:
        """Return how many rows fit beside the vectors in a tile."""
        return register_budget(host) // max(self.vectors_per_tile, 2)
