"""A course as one row of bars: where it has been, from its lowest to its highest value."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_LEVEL: Final = "▄"


def sparkline(values: NDArray[np.float64], width: int) -> str:
    """Draw values into ``width`` cells, the newest at the right; a gap where none is finite.

    With more values than cells each cell is the mean of its share. The scale goes from the lowest
    to the highest cell; what hardly varies, by less than one in a thousand, is a level line.
    """
    if width < 1:
        return ""
    cells = _means(np.where(np.isfinite(values), values, np.nan), width)
    known = cells[np.isfinite(cells)]
    if not len(known):
        return " " * width
    low, high = float(known.min()), float(known.max())
    if high - low <= 1e-3 * max(abs(low), abs(high)):
        drawn = [_LEVEL if np.isfinite(each) else " " for each in cells]
    else:
        scaled = (cells - low) / (high - low) * (len(_LEVELS) - 1)
        drawn = [_LEVELS[round(each)] if np.isfinite(each) else " " for each in scaled.tolist()]
    return "".join(drawn).rjust(width)


def _means(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the mean of what is known in each of ``width`` shares; NaN where nothing is."""
    if len(values) <= width:
        return values
    size, longer = divmod(len(values), width)
    place = np.arange(width)
    starts = place * size + np.minimum(place, longer)
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), starts)
    with np.errstate(invalid="ignore"):
        return total / np.add.reduceat(known, starts, dtype=np.float64)
