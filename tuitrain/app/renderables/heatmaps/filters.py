"""The filters of a convolution as small pictures, labelled by their output and input channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..rows import Row, ljust, rjust
from .heatmap import GlyphSet, Pixels, draw_signed

LABEL_WIDTH: Final = 5
"""Cells of an output channel's number, with the space after it."""

MAX_SCALE: Final = 8
"""How many times its size a filter is drawn at most."""


@dataclass(frozen=True, slots=True)
class FilterGrid:
    """How filters are laid out.

    Attributes
    ----------
    scale : pixels to a weight
    across, down : pictures side by side, and over one another
    flowing : whether the pictures are output channels in reading order, as with one input channel
    """

    scale: int
    columns: int
    rows: int
    single_input: bool

    @classmethod
    def fit(cls, shape: Sequence[int], width: int, height: int, ink: GlyphSet) -> FilterGrid:
        """Return the largest that shows all filters, or else the smallest."""
        out, into = shape[:2]
        for scale in range(MAX_SCALE, 0, -1):
            grid = cls._at(scale, shape, width, height, ink)
            enough = grid.columns * grid.rows >= out if grid.single_input else grid.rows >= out
            if (enough and (grid.single_input or grid.columns >= into)) or scale == 1:
                return grid
        raise AssertionError

    @classmethod
    def _at(
        cls, scale: int, shape: Sequence[int], width: int, height: int, ink: GlyphSet
    ) -> FilterGrid:
        out, into, high, wide = shape
        flowing = into == 1
        tall = cell_rows(high * scale, ink)
        label = 1 if flowing else 0
        across = max(1, (width - (0 if flowing else LABEL_WIDTH)) // (wide * scale + 1))
        down = max(1, (height - (0 if flowing else 1)) // (tall + label))
        return cls(scale, min(across, out if flowing else into), min(down, out), flowing)

    def visible_count(self, shape: Sequence[int]) -> int:
        """Return how many output channels are seen at once."""
        return min(shape[0], self.columns * self.rows if self.single_input else self.rows)


def cell_rows(pixels: int, ink: GlyphSet) -> int:
    """Return how many rows of cells a picture takes, with at least half a row below it free."""
    return pixels // 2 + 1 if ink is GlyphSet.BLOCKS else pixels + 1


def filter_rows(
    filters: Pixels, limit: float, grid: FilterGrid, first: int, ink: GlyphSet
) -> list[Row]:
    """Draw filters (out, in, high, wide) from output channel ``first`` on."""
    if grid.single_input:
        shown = range(first, min(len(filters), first + grid.columns * grid.rows))
        lines = [shown[at : at + grid.columns] for at in range(0, len(shown), grid.columns)]
        return [row for line in lines for row in _line(filters, line, limit, grid, ink)]
    inputs = range(min(filters.shape[1], grid.columns))
    wide = filters.shape[3] * grid.scale + 1
    rows: list[Row] = [
        (
            (ljust("o\\i", LABEL_WIDTH), "muted"),
            ("".join(_label(each, wide) for each in inputs), "muted"),
        )
    ]
    for out in range(first, min(len(filters), first + grid.rows)):
        tiles = [filters[out, each] for each in inputs]
        for place, row in enumerate(_tiles(tiles, limit, grid.scale, ink)):
            label = rjust(str(out), LABEL_WIDTH - 1) + " " if place == 0 else " " * LABEL_WIDTH
            rows.append(((label, "muted"), *row))
    return rows


def _line(
    filters: Pixels, outs: Sequence[int], limit: float, grid: FilterGrid, ink: GlyphSet
) -> list[Row]:
    wide = filters.shape[3] * grid.scale + 1
    head: Row = (("".join(_label(each, wide) for each in outs), "muted"),)
    return [head, *_tiles([filters[out, 0] for out in outs], limit, grid.scale, ink)]


def _label(number: int, width: int) -> str:
    """Write a channel's number over its picture; nothing where it has no room."""
    return ljust(str(number) if len(str(number)) < width else "", width)


def _tiles(tiles: Sequence[Pixels], limit: float, scale: int, ink: GlyphSet) -> list[Row]:
    """Draw filters side by side, with a cell between two and room below them."""
    large = [np.kron(each, np.ones((scale, scale))) for each in tiles]
    tall = cell_rows(large[0].shape[0], ink)
    drawn = [draw_signed(each, limit, ink) for each in large]
    rows: list[Row] = []
    for place in range(tall):
        row: list[tuple[str, str]] = []
        for picture, tile in zip(drawn, large, strict=True):
            row += picture[place] if place < len(picture) else [(" " * tile.shape[1], "text")]
            row.append((" ", "text"))
        rows.append(tuple(row))
    return rows
