"""Heat maps: numbers as colors, two pixels per cell, or as letters that need no color.

A cell's role names its two colors, ``cell TOP BOTTOM``, by keys that a theme maps to colors (see
`HeatView`): ``s-16`` to ``s16`` for signed numbers, ``u0`` to ``u16`` for numbers from 0 to 1,
``c`` with three hexadecimal digits for an RGB color, ``n`` for a number that is not finite, and
``x`` for the background.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..formatting import format_number
from ..rows import Role, Row, Span, merge_spans

COLOR_LEVELS: Final = 16
"""Levels of a scale on each side of zero; more cannot be distinguished."""

BACKGROUND: Final = "x"
NOT_FINITE: Final = "n"

_SIGNED: Final = "▼▾·▴▲"
_SHADES: Final = " ░▒▓█"


class GlyphSet(Enum):
    """The characters of a heat map."""

    BLOCKS = "blocks"
    """Half blocks, with two colors per cell, one above the other."""
    LETTERS = "letters"
    """One character per cell: ▼▾·▴▲ for signed numbers, shades for others."""

    @property
    def pixels_per_cell(self) -> int:
        """Number of pixels in a cell, one above the other."""
        return 2 if self is GlyphSet.BLOCKS else 1


Pixels = NDArray[Any]


def draw_signed(values: Pixels, limit: float, glyphs: GlyphSet) -> list[Row]:
    """Draw numbers on a scale from ``-limit`` to ``limit``; numbers outside are clipped."""
    scaled = np.clip(values / limit, -1, 1) if limit > 0 else np.where(values == 0, 0.0, values)
    if glyphs is GlyphSet.LETTERS:
        return _draw_letters(scaled, (scaled + 1) / 2, _SIGNED)
    return draw_blocks(_keys("s", scaled))


def draw_unsigned(values: Pixels, glyphs: GlyphSet) -> list[Row]:
    """Draw numbers from 0 to 1."""
    if glyphs is GlyphSet.LETTERS:
        return _draw_letters(values, values, _SHADES)
    return draw_blocks(_keys("u", values))


def draw_blocks(keys: NDArray[np.object_]) -> list[Row]:
    """Draw pixels, given by the keys of their colors, two rows per row of cells."""
    if len(keys) % 2:
        keys = np.vstack([keys, np.full((1, keys.shape[1]), BACKGROUND, object)])
    return [
        merge_spans(map(_cell, top, bottom))
        for top, bottom in zip(keys[::2].tolist(), keys[1::2].tolist(), strict=True)
    ]


def scale_limit(values: Pixels) -> float:
    """Return the end of a scale: nearly the largest magnitude, so that outliers do not dominate."""
    finite = np.abs(values[np.isfinite(values)])
    return float(np.quantile(finite, 0.995)) if finite.size else 0.0


def resample(values: Pixels, height: int, width: int, grow: int = 1) -> Pixels:
    """Average a matrix down to ``height`` x ``width``, or repeat values up to ``grow`` times."""
    for axis, pixels in ((0, height), (1, width)):
        size = values.shape[axis]
        if size > pixels:
            edges = np.unique(np.linspace(0, size, max(1, pixels) + 1).astype(int))
            sums = np.add.reduceat(values, edges[:-1], axis=axis)
            shape = (-1, 1) if axis == 0 else (1, -1)
            values = sums / np.diff(edges).reshape(shape)
        elif size:
            values = np.repeat(values, max(1, min(grow, pixels // size)), axis=axis)
    return values


def _keys(scale: str, values: Pixels) -> NDArray[np.object_]:
    levels = np.nan_to_num(
        values * COLOR_LEVELS, nan=0.0, posinf=COLOR_LEVELS, neginf=-COLOR_LEVELS
    )
    keys = np.array(
        [[f"{scale}{level}" for level in row] for row in np.rint(levels).astype(int)], object
    )
    keys[~np.isfinite(values)] = NOT_FINITE
    return keys


def _cell(top: str, bottom: str) -> Span:
    if top == bottom == BACKGROUND:
        return " ", "text"
    if top == BACKGROUND:
        return "▄", f"cell {bottom} {BACKGROUND}"
    return "▀", f"cell {top} {bottom}"


def _draw_letters(values: Pixels, shares: Pixels, letters: str) -> list[Row]:
    """Draw a letter for each number, by its place on the scale from 0 to 1."""
    rows: list[Row] = []
    for row_values, row_shares in zip(values, shares, strict=True):
        spans: list[tuple[str, Role]] = []
        for value, share in zip(row_values, row_shares, strict=True):
            if np.isfinite(value):
                spans.append((letters[round(share * (len(letters) - 1))], "text"))
            else:
                spans.append(("!", "bad"))
        rows.append(merge_spans(spans))
    return rows


def scale_legend(limit: float, glyphs: GlyphSet, width: int) -> Row:
    """Draw the scale of signed numbers, with the values of its ends."""
    low, high = format_number(-limit) + " ", " " + format_number(limit)
    cells = max(5, min(21, width - len(low) - len(high)))
    values = np.linspace(-1, 1, cells)[None, :].repeat(glyphs.pixels_per_cell, 0)
    (scale, *_) = draw_signed(values, 1, glyphs)
    return ((low, "muted"), *scale, (high, "muted"))
