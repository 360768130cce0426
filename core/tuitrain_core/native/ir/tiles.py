"""The shapes of register tiles: they decide how fast kernels are, and none of their bits.

Every output of a kernel is a sum in an order that its sizes alone decide, whatever the tile is. So
the shapes may be those that are fastest on a machine; `native.tuning` measures them.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from ...errors import CoreError

TILES_VARIABLE = "TUITRAIN_TILES"
"""The environment variable that sets the shapes, as ``product=8x3,dot=2x8``, or ``default``."""

DEFAULT = "default"


class TilesError(CoreError):
    """A text that does not name shapes of tiles for the processor."""


@dataclass(frozen=True)
class Tiles:
    """Shapes of the tiles that kernels are made of.

    Attributes
    ----------
    product : rows and vectors of the largest tile of a product whose vectors lie along the columns
        of its output
    dot : rows and outputs of the largest tile of a product whose vectors lie along the sum
    halves : whether a convolution uses vectors of half the length where whole ones would leave
        many lanes idle; of use where a processor computes whole vectors in two halves
    """

    product: tuple[int, int]
    dot: tuple[int, int]
    halves: bool

    def __str__(self) -> str:
        """Return the text that `parse_tiles` reads."""
        return ",".join(f"{f.name}={_text(getattr(self, f.name))}" for f in fields(self))


@dataclass(frozen=True)
class TileOptions:
    """The shapes to choose from, the default first; see `Tiles`."""

    product: Sequence[tuple[int, int]]
    dot: Sequence[tuple[int, int]]
    halves: Sequence[bool]

    @property
    def default(self) -> Tiles:
        """The shapes for a processor on which nothing was measured."""
        return Tiles(self.product[0], self.dot[0], self.halves[0])

    def variants(self, attribute: str) -> list[Tiles]:
        """Return the default, and the shapes that differ from it in one attribute."""
        return [replace(self.default, **{attribute: value}) for value in getattr(self, attribute)]


def tile_options(lanes: int, registers: int) -> TileOptions:
    """Return the shapes for a processor, of which the accumulators fit the registers.

    There are enough chains to hide the latency of a multiply-add (8), few loads, and registers left
    for the operands.
    """
    if registers < 32:
        return TileOptions(((6, 2), (4, 3)), ((2, 4), (3, 4)), (False,))
    halves = (False, True) if lanes >= 16 else (False,)
    dot = ((3, 8), (2, 8)) if lanes >= 8 else ((2, 4), (4, 4))
    return TileOptions(((12, 2), (8, 3)), dot, halves)


def parse_tiles(text: str, options: TileOptions) -> Tiles:
    """Return the shapes that a string names; those that it does not name are the default's.

    Raises
    ------
    TilesError
        A part is not ``default``, and none of the options.
    """
    allowed = {
        f"{field.name}={_text(value)}": {field.name: value}
        for field in fields(options)
        for value in getattr(options, field.name)
    }
    tiles = options.default
    for part in text.split(","):
        name = part.strip()
        if name in allowed:
            tiles = replace(tiles, **allowed[name])
        elif name != DEFAULT:
            close = difflib.get_close_matches(name, allowed, 1, 0.4)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise TilesError(
                f"{name!r} is not a shape of tiles (allowed: {DEFAULT}, {', '.join(allowed)}){hint}"
            )
    return tiles


def _text(value: tuple[int, int] | bool) -> str:
    """Return a value as it is written in `TILES_VARIABLE`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "x".join(map(str, value))
