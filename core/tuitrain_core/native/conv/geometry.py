"""The sizes of a convolution, and how its loops are cut into tiles."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.host import Host
from ..linalg.broadcast_tile import budget


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
    def SH(self) -> int:
        """Height of the spread gradient: with it, the input gradient is a plain correlation."""
        return self.H + self.KH - 1

    @property
    def SW(self) -> int:
        """Width of the spread gradient."""
        return self.W + self.KW - 1

    @property
    def spread_rows(self) -> Spread:
        """Where the rows of the output gradient lie in the spread one."""
        offset = self.KH - 1 - self.padding[0]
        return Spread.of(self.OH, self.stride[0], offset, self.SH)

    @property
    def spread_columns(self) -> Spread:
        """Where the columns of the output gradient lie in the spread one."""
        offset = self.KW - 1 - self.padding[1]
        return Spread.of(self.OW, self.stride[1], offset, self.SW)

    @property
    def taps(self) -> int:
        """Weights of one output channel on one input channel."""
        return self.KH * self.KW


@dataclass(frozen=True)
class Spread:
    """Lines that are spread out: the lines from `first` on, at place, place + step, ..."""

    first: int
    place: int
    count: int
    step: int

    @staticmethod
    def of(count: int, step: int, offset: int, size: int) -> Spread:
        """Return where the lines i · step + offset lie, without those outside of 0 ... size-1."""
        inside = [i for i in range(count) if 0 <= i * step + offset < size]
        if not inside:
            return Spread(0, 0, 0, step)
        return Spread(inside[0], inside[0] * step + offset, len(inside), step)


@dataclass(frozen=True)
class Group:
    """Tiles of one size, side by side: `count` of them from `first` on."""

    first: int
    count: int
    size: int


def cut(length: int, most: int) -> list[Group]:
    """Cut a length into tiles of at most `most`: of one size if that is not much less, else two."""
    for size in range(min(most, length), most * 3 // 4, -1):
        if length % size == 0:
            return [Group(0, length // size, size)]
    count = -(-length // most)
    size, larger = divmod(length, count)
    groups = [Group(0, larger, size + 1), Group(larger * (size + 1), count - larger, size)]
    return [group for group in groups if group.count]


def vectors_together(count: int, host: Host) -> int:
    """Return how many vectors of channels a tile has, of so many that there are."""
    if count % 2 == 0:
        return 2
    return 3 if count >= 3 and host.registers >= 32 else 1


@dataclass(frozen=True)
class Channels:
    """Tiles along the channels, in vectors, of which the last may not be full."""

    groups: tuple[tuple[Group, int], ...]  # (tiles, lanes that the last vector of each has)
    together: int
    padded: int

    @staticmethod
    def of(channels: int, host: Host) -> Channels:
        """Return the tiles for so many channels."""
        count, rest = -(-channels // host.lanes), channels % host.lanes
        together = vectors_together(count, host)
        groups = [(group, host.lanes) for group in cut(count, together)]
        if rest:
            last, _ = groups.pop()
            start = last.first + (last.count - 1) * last.size
            if last.count > 1:
                groups.append((Group(last.first, last.count - 1, last.size), host.lanes))
            groups.append((Group(start, 1, last.size), rest))
        return Channels(tuple(groups), together, count * host.lanes)

    def rows(self, host: Host) -> int:
        """Return how many rows fit beside the vectors in a tile."""
        return budget(host) // max(self.together, 2)
