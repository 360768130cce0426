"""Heat maps: numbers as colours, two to a cell, or as letters that need no colour.

A cell's role names its two colours, ``cell TOP BOTTOM``; what they are is the theme's matter (see
`widgets.heat`): ``s-16`` to ``s16`` lie on a scale with zero in the middle, ``u0`` to ``u16`` on
one from nothing to all, ``c`` with three hexadecimal digits is itself, ``n`` is no finite number,
and ``x`` is the ground that everything stands on.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..formatting import format_number
from ..rows import Role, Row, Span

COLOR_LEVELS: Final = 16
"""Steps of a scale on each side of zero; finer ones nobody tells apart."""

BACKGROUND: Final = "x"
NOT_FINITE: Final = "n"

_SIGNED: Final = "▼▾·▴▲"
_SHADES: Final = " ░▒▓█"


class GlyphSet(Enum):
    """What is drawn with."""

    BLOCKS = "blocks"
    """Half blocks: two colours in a cell, one over the other."""
    LETTERS = "letters"
    """A letter a cell: ▼▾·▴▲ for signed numbers, shades for others."""

    @property
    def pixels_per_cell(self) -> int:
        """How many pixels lie over one another in a cell."""
        return 2 if self is GlyphSet.BLOCKS else 1


Pixels = NDArray[Any]


def draw_signed(values: Pixels, limit: float, ink: GlyphSet) -> list[Row]:
    """Draw numbers on a scale from -limit to limit; what lies beyond looks like the limit."""
    scaled = np.clip(values / limit, -1, 1) if limit > 0 else np.where(values == 0, 0.0, values)
    if ink is GlyphSet.LETTERS:
        return _lettered(scaled, (scaled + 1) / 2, _SIGNED)
    return draw_blocks(_keys("s", scaled))


def draw_unsigned(values: Pixels, ink: GlyphSet) -> list[Row]:
    """Draw numbers from 0 to 1, from nothing to all."""
    if ink is GlyphSet.LETTERS:
        return _lettered(values, values, _SHADES)
    return draw_blocks(_keys("u", values))


def draw_blocks(keys: NDArray[np.object_]) -> list[Row]:
    """Draw colours, given by their keys, two rows to one row of cells."""
    if len(keys) % 2:
        keys = np.vstack([keys, np.full((1, keys.shape[1]), BACKGROUND, object)])
    return [
        merge_spans(_cell(a, b) for a, b in zip(top, bottom, strict=True))
        for top, bottom in zip(keys[::2].tolist(), keys[1::2].tolist(), strict=True)
    ]


def merge_spans(spans: Iterable[Span]) -> Row:
    """Put neighbours of one role into one span."""
    row: list[Span] = []
    for text, role in spans:
        if row and row[-1][1] == role:
            row[-1] = (row[-1][0] + text, role)
        else:
            row.append((text, role))
    return tuple(row)


def scale_limit(values: Pixels) -> float:
    """Return what the scale shall end at: nearly the largest size, so that no outlier fades all."""
    finite = np.abs(values[np.isfinite(values)])
    return float(np.quantile(finite, 0.995)) if finite.size else 0.0


def resample(values: Pixels, height: int, width: int, grow: int = 1) -> Pixels:
    """Average a matrix down to so many pixels; repeat it up to ``grow`` times where it is small."""
    for axis, room in ((0, height), (1, width)):
        size = values.shape[axis]
        if size > room:
            edges = np.unique(np.linspace(0, size, max(1, room) + 1).astype(int))
            sums = np.add.reduceat(values, edges[:-1], axis=axis)
            shape = (-1, 1) if axis == 0 else (1, -1)
            values = sums / np.diff(edges).reshape(shape)
        elif size:
            values = np.repeat(values, max(1, min(grow, room // size)), axis=axis)
    return values


def _keys(scale: str, values: Pixels) -> NDArray[np.object_]:
    levels = np.nan_to_num(
        values * COLOR_LEVELS, nan=0.0, posinf=COLOR_LEVELS, neginf=-COLOR_LEVELS
    )
    keys = np.array(
        [[f"{scale}{each}" for each in row] for row in np.rint(levels).astype(int)], object
    )
    keys[~np.isfinite(values)] = NOT_FINITE
    return keys


def _cell(top: str, bottom: str) -> Span:
    if top == bottom == BACKGROUND:
        return " ", "text"
    if top == BACKGROUND:
        return "▄", f"cell {bottom} {BACKGROUND}"
    return "▀", f"cell {top} {bottom}"


def _lettered(values: Pixels, shares: Pixels, letters: str) -> list[Row]:
    """Write a letter for each number, by its share of the scale from 0 to 1."""
    rows: list[Row] = []
    for row, share in zip(values, shares, strict=True):
        spans: list[tuple[str, Role]] = []
        for value, each in zip(row, share, strict=True):
            if np.isfinite(value):
                spans.append((letters[round(each * (len(letters) - 1))], "text"))
            else:
                spans.append(("!", "bad"))
        rows.append(merge_spans(spans))
    return rows


def scale_legend(limit: float, ink: GlyphSet, width: int) -> Row:
    """Draw the scale of signed numbers, with what its ends and its middle mean."""
    low, high = format_number(-limit) + " ", " " + format_number(limit)
    room = max(5, min(21, width - len(low) - len(high)))
    (scale, *_) = draw_signed(
        np.linspace(-1, 1, room)[None, :].repeat(ink.pixels_per_cell, 0), 1, ink
    )
    return ((low, "muted"), *scale, (high, "muted"))
