"""The filters of a convolution as small pictures, labeled by output and input channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..rows import Row, ljust, rjust
from .heatmap import GlyphSet, Pixels, draw_signed

LABEL_WIDTH: Final = 5
"""Width of an output channel's label, with a space."""

MAX_SCALE: Final = 8
"""Maximum number of pixels per weight, in each direction."""


@dataclass(frozen=True, slots=True)
class FilterGrid:
    """The layout of filters.

    Attributes
    ----------
    scale : pixels per weight, in each direction
    columns, rows : number of pictures
    single_input : whether there is one input channel, so that output channels are wrapped into rows
    """

    scale: int
    columns: int
    rows: int
    single_input: bool

    @classmethod
    def fit(cls, shape: Sequence[int], width: int, height: int, glyphs: GlyphSet) -> FilterGrid:
        """Return the largest layout that shows all filters, otherwise the smallest."""
        outputs, inputs = shape[:2]
        for scale in range(MAX_SCALE, 0, -1):
            grid = cls._at(scale, shape, width, height, glyphs)
            enough = (
                grid.columns * grid.rows >= outputs if grid.single_input else grid.rows >= outputs
            )
            if (enough and (grid.single_input or grid.columns >= inputs)) or scale == 1:
                return grid
        raise AssertionError

    @classmethod
    def _at(
        cls, scale: int, shape: Sequence[int], width: int, height: int, glyphs: GlyphSet
    ) -> FilterGrid:
        outputs, inputs, height_weights, width_weights = shape
        single_input = inputs == 1
        tall = cell_rows(height_weights * scale, glyphs)
        label = 1 if single_input else 0
        columns = max(
            1, (width - (0 if single_input else LABEL_WIDTH)) // (width_weights * scale + 1)
        )
        rows = max(1, (height - (0 if single_input else 1)) // (tall + label))
        columns = min(columns, outputs if single_input else inputs)
        return cls(scale, columns, min(rows, outputs), single_input)

    def visible_count(self, shape: Sequence[int]) -> int:
        """Return the number of visible output channels."""
        return min(shape[0], self.columns * self.rows if self.single_input else self.rows)


def cell_rows(pixels: int, glyphs: GlyphSet) -> int:
    """Return the rows of cells of a picture, with at least half a row of space below."""
    return pixels // 2 + 1 if glyphs is GlyphSet.BLOCKS else pixels + 1


def filter_rows(
    filters: Pixels, limit: float, grid: FilterGrid, first: int, glyphs: GlyphSet
) -> list[Row]:
    """Draw filters of shape (outputs, inputs, height, width) from output channel ``first`` on."""
    if grid.single_input:
        shown = range(first, min(len(filters), first + grid.columns * grid.rows))
        lines = [shown[at : at + grid.columns] for at in range(0, len(shown), grid.columns)]
        return [row for line in lines for row in _picture_rows(filters, line, limit, grid, glyphs)]
    inputs = range(min(filters.shape[1], grid.columns))
    wide = filters.shape[3] * grid.scale + 1
    rows: list[Row] = [
        (
            (ljust("o\\i", LABEL_WIDTH), "muted"),
            ("".join(_label(channel, wide) for channel in inputs), "muted"),
        )
    ]
    for out in range(first, min(len(filters), first + grid.rows)):
        tiles = [filters[out, channel] for channel in inputs]
        for place, row in enumerate(_tiles(tiles, limit, grid.scale, glyphs)):
            label = rjust(str(out), LABEL_WIDTH - 1) + " " if place == 0 else " " * LABEL_WIDTH
            rows.append(((label, "muted"), *row))
    return rows


def _picture_rows(
    filters: Pixels, outs: Sequence[int], limit: float, grid: FilterGrid, glyphs: GlyphSet
) -> list[Row]:
    wide = filters.shape[3] * grid.scale + 1
    head: Row = (("".join(_label(channel, wide) for channel in outs), "muted"),)
    return [head, *_tiles([filters[out, 0] for out in outs], limit, grid.scale, glyphs)]


def _label(number: int, width: int) -> str:
    """Return a channel's number as the label of its picture; blank if it has no room."""
    return ljust(str(number) if len(str(number)) < width else "", width)


def _tiles(tiles: Sequence[Pixels], limit: float, scale: int, glyphs: GlyphSet) -> list[Row]:
    """Draw filters side by side, separated by one cell, with space below."""
    large = [np.kron(tile, np.ones((scale, scale))) for tile in tiles]
    tall = cell_rows(large[0].shape[0], glyphs)
    drawn = [draw_signed(tile, limit, glyphs) for tile in large]
    rows: list[Row] = []
    for place in range(tall):
        row: list[tuple[str, str]] = []
        for picture, tile in zip(drawn, large, strict=True):
            row += picture[place] if place < len(picture) else [(" " * tile.shape[1], "text")]
            row.append((" ", "text"))
        rows.append(tuple(row))
    return rows
