"""Histograms as vertical bars of eighths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

BAR_GLYPHS: Final = " ▁▂▃▄▅▆▇█"


def histogram_bars(counts: Sequence[int], width: int, height: int = 1) -> list[str]:
    """Draw counts as bars into ``width`` x ``height`` cells, highest row first.

    The bins are spread evenly over the width. One that holds anything shows at least the lowest
    bar, so that a single outlier is seen.
    """
    spread = rebin(counts, width)
    most = max(spread, default=0.0)
    if most == 0:
        return [" " * len(spread)] * height
    levels = [max(round(each / most * height * 8), 1 if each else 0) for each in spread]
    return [
        "".join(BAR_GLYPHS[min(8, max(0, level - 8 * row))] for level in levels)
        for row in reversed(range(height))
    ]


def rebin(counts: Sequence[int], width: int) -> list[float]:
    """Spread bins over ``width`` others of equal size; the sum stays the same."""
    if width < 1 or not counts:
        return []
    total = np.concatenate(([0], np.cumsum(counts)))
    edges = np.linspace(0, len(counts), width + 1)
    return np.diff(np.interp(edges, np.arange(len(total)), total)).tolist()
