"""The weights of one parameter as a picture: filters, a heat map, or bars for a few values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tuitrain.engines.inspection import TensorSummary

from ..formatting import format_count
from ..histograms.value_bars import value_bar_rows
from ..rows import Row
from .filters import FilterGrid, filter_rows
from .heatmap import GlyphSet, Pixels, draw_signed, resample, scale_legend, scale_limit


def weight_picture_rows(
    summary: TensorSummary,
    whole: Sequence[int],
    width: int,
    height: int,
    first: int,
    glyphs: GlyphSet,
) -> tuple[list[Row], str]:
    """Draw the weights, and return a short text that says what a cell is.

    Parameters
    ----------
    whole : the shape of the parameter
    first : for filters, the first output channel to draw
    """
    sample = summary.sample
    if sample is None or not sample.size or height < 3 or width < 12:
        return [], ""
    values = sample.astype(np.float64)
    if values.size == max(values.shape, default=1) <= height:
        return value_bar_rows(values.ravel(), width), "a bar for each value"
    if is_filters(values.shape):
        grid = FilterGrid.fit(values.shape, width, height - 2, glyphs)
        first = max(0, min(first, len(values) - grid.visible_count(values.shape)))
        limit, caption = scale_limit(values), _filters_caption(whole, grid, first)
        drawn = filter_rows(values, limit, grid, first, glyphs)
    else:
        pixels, caption = _pixels(
            values, summary.block, whole, width, (height - 2) * glyphs.pixels_per_cell
        )
        limit = scale_limit(pixels)
        drawn = draw_signed(pixels, limit, glyphs)
    return [*drawn[: height - 2], (), scale_legend(limit, glyphs, width)], caption


def is_filters(dimensions: Sequence[int]) -> bool:
    """Whether an array of this shape is drawn as filters, of more than one weight each."""
    return len(dimensions) == 4 and dimensions[2] * dimensions[3] > 1


def _filters_caption(whole: Sequence[int], grid: FilterGrid, first: int) -> str:
    shown = grid.visible_count(whole)
    out = "" if shown == whole[0] else f"out {first}-{first + shown - 1} of {whole[0]}, pgdn: more"
    hidden = not grid.single_input and grid.columns < whole[1]
    into = f"in 0-{grid.columns - 1} of {whole[1]}" if hidden else ""
    return " · ".join(text for text in (out, into) if text) or f"{whole[0]} x {whole[1]} filters"


def _pixels(
    values: Pixels, block: tuple[int, int], whole: Sequence[int], width: int, height: int
) -> tuple[Pixels, str]:
    """Return the pixels of an array that is not drawn as filters, and what one pixel is."""
    matrix, is_flat = as_matrix(values, width)
    if is_flat:
        return resample(
            matrix, height, width
        ), f"{format_count(math.prod(whole))} values, row by row"
    pixels = resample(matrix, height, width, grow=4)
    down = max(1, round(matrix.shape[0] * block[0] / len(pixels)))
    across = max(1, round(matrix.shape[1] * block[1] / pixels.shape[1]))
    mean = f"a cell: the mean of {down} x {across} weights"
    return pixels, mean if down * across > 1 else "rows: out, columns: in"


def as_matrix(values: Pixels, width: int) -> tuple[Pixels, bool]:
    """Return an array as a matrix, and whether it is a vector that is wrapped into rows."""
    squeezed = values.reshape([n for n in values.shape if n > 1] or [1])
    if squeezed.ndim == 2:
        return squeezed, False
    if squeezed.ndim > 2:
        return squeezed.reshape(len(squeezed), -1), False
    columns = min(width, squeezed.size)
    filled = np.full(-(-squeezed.size // columns) * columns, 0.0)
    filled[: squeezed.size] = squeezed
    return filled.reshape(-1, columns), True
