"""Histograms over the steps as a heat map: a column per moment, a row per range of values."""

from __future__ import annotations

from typing import Final

import numpy as np

from tuitrain.engines.inspection import HistogramSeries

from ..formatting import format_count, format_number
from ..rows import Row, rjust
from .heatmap import GlyphSet, Pixels, draw_unsigned

_TAIL: Final = 0.001
"""Share of all values at each end that the range of the map leaves out."""


def histogram_series_rows(
    series: HistogramSeries, width: int, height: int, glyphs: GlyphSet
) -> list[Row]:
    """Draw histograms over the steps; without enough room there are no rows."""
    if not len(series) or width < 16 or height < 3:
        return []
    low, high = series_range(series)
    labels = _labels(low, high, height - 1)
    margin = max(map(len, labels))
    inner = width - margin - 1
    shares = _shares(series, low, high, (height - 1) * glyphs.pixels_per_cell, inner)
    drawn = draw_unsigned(shares, glyphs)
    rows: list[Row] = [
        ((rjust(label, margin), "muted"), ("┤" if label else "│", "faint"), *row)
        for label, row in zip(labels, drawn, strict=True)
    ]
    start, end = (f"step {format_count(int(series.steps[0]))}", format_count(int(series.steps[-1])))
    gap = inner - len(start) - len(end)
    steps = start + " " * gap + end if gap > 0 else end
    return [*rows, ((" " * (margin + 1) + steps, "muted"),)]


def series_range(series: HistogramSeries) -> tuple[float, float]:
    """Return a range that contains nearly all values of all histograms."""
    edges = np.linspace(series.low.min(), series.high.max(), 513)
    if edges[0] == edges[-1]:
        size = abs(edges[0]) or 1.0
        return edges[0] - size / 2, edges[0] + size / 2
    total = np.cumsum(sum(_rebin(series, at, edges) for at in range(len(series))))
    low = edges[np.searchsorted(total, _TAIL * total[-1])]
    high = edges[np.searchsorted(total, (1 - _TAIL) * total[-1]) + 1]
    return float(low), float(high)


def _rebin(series: HistogramSeries, at: int, edges: Pixels) -> Pixels:
    """Return the counts of a histogram between other edges; values outside are not counted."""
    counts = series.counts[at]
    own = np.linspace(series.low[at], series.high[at], len(counts) + 1)
    if own[0] == own[-1]:  # all values are equal
        place = np.clip(np.searchsorted(edges, own[0], "right") - 1, 0, len(edges) - 2)
        return np.bincount([place], [counts.sum()], len(edges) - 1)
    return np.diff(np.interp(edges, own, np.concatenate(([0], np.cumsum(counts)))))


def _shares(series: HistogramSeries, low: float, high: float, rows: int, columns: int) -> Pixels:
    """Return the brightness of each pixel from 0 to 1, the highest values in the first row."""
    edges = np.linspace(low, high, rows + 1)
    steps = series.steps
    columns_at = np.linspace(steps[0], steps[-1], columns)
    at = np.searchsorted((steps[1:] + steps[:-1]) / 2, columns_at)  # the nearest histogram
    rebinned = {index: _rebin(series, index, edges)[::-1] for index in np.unique(at).tolist()}
    counts = np.stack([rebinned[index] for index in at.tolist()], axis=1)
    highest = counts.max()
    # The square root makes small counts visible beside large ones.
    return np.sqrt(counts / highest) if highest else counts


def _labels(low: float, high: float, rows: int) -> list[str]:
    """Return the labels of the rows: the ends, and zero if it is between them."""
    labels = [""] * rows
    labels[0], labels[-1] = format_number(high), format_number(low)
    if low < 0 < high:
        place = int(high / (high - low) * rows)
        if 0 < place < rows - 1:
            labels[place] = "0"
    return labels
