"""Histograms as vertical bars, in eighths of a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tuitrain.engines.views import ArrayStatistics

from ..formatting import format_number
from ..rows import Row

BAR_GLYPHS: Final = " ▁▂▃▄▅▆▇█"


def histogram_bars(counts: Sequence[int], width: int, height: int = 1) -> list[str]:
    """Draw counts as bars into ``width`` x ``height`` cells, the top row first.

    The bins are distributed evenly over the width. A bin with any value has at least the lowest
    bar, so that a single outlier is visible.
    """
    bins = rebin(counts, width)
    highest = max(bins, default=0.0)
    if highest == 0:
        return [" " * len(bins)] * height
    levels = [max(round(value / highest * height * 8), 1 if value else 0) for value in bins]
    return [
        "".join(BAR_GLYPHS[min(8, max(0, level - 8 * row))] for level in levels)
        for row in reversed(range(height))
    ]


def rebin(counts: Sequence[int], width: int) -> list[float]:
    """Distribute counts over ``width`` bins of equal size; the sum stays the same."""
    if width < 1 or not counts:
        return []
    total = np.concatenate(([0], np.cumsum(counts)))
    edges = np.linspace(0, len(counts), width + 1)
    return np.diff(np.interp(edges, np.arange(len(total)), total)).tolist()


def histogram_rows(summary: ArrayStatistics | None, width: int, height: int) -> list[Row]:
    """Draw a histogram over an axis with its ends and zero."""
    if summary is None or height < 2 or not math.isfinite(summary.low):
        return []
    rows: list[Row] = [
        ((line, "curve"),) for line in histogram_bars(summary.counts, width, height - 1)
    ]
    return [*rows, ((_axis(summary.low, summary.high, width), "muted"),)]


def _axis(low: float, high: float, width: int) -> str:
    """Write the ends of an axis, as far as there is room, and zero where it touches neither."""
    start, end = format_number(low), format_number(high)
    if len(start) + 1 + len(end) > width:
        return start[:width]
    axis = [*start, *" " * (width - len(start) - len(end)), *end]
    zero = int(-low / (high - low) * width) if low < 0 < high else 0
    if axis[zero - 1 : zero + 2] == [" "] * 3:
        axis[zero] = "0"
    return "".join(axis)
