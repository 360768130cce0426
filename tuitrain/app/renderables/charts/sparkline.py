"""A series as one row of bars."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_LEVELS: Final = "▁▂▃▄▅▆▇█"
_CONSTANT: Final = "▄"


def sparkline(values: NDArray[np.float64], width: int) -> str:
    """Draw values into ``width`` cells, the newest at the right; other than finite ones are gaps.

    With more values than cells, a cell is the mean of several values. The scale ranges from the
    lowest to the highest cell. Values that vary by less than one in a thousand are a level line.
    """
    if width < 1:
        return ""
    cells = _means(np.where(np.isfinite(values), values, np.nan), width)
    known = cells[np.isfinite(cells)]
    if not len(known):
        return " " * width
    low, high = float(known.min()), float(known.max())
    if high - low <= 1e-3 * max(abs(low), abs(high)):
        glyphs = [_CONSTANT if np.isfinite(cell) else " " for cell in cells]
    else:
        scaled = (cells - low) / (high - low) * (len(_LEVELS) - 1)
        glyphs = [_LEVELS[round(cell)] if np.isfinite(cell) else " " for cell in scaled.tolist()]
    return "".join(glyphs).rjust(width)


def _means(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the means of the finite values in ``width`` parts; NaN for a part without one."""
    if len(values) <= width:
        return values
    size, longer = divmod(len(values), width)
    place = np.arange(width)
    starts = place * size + np.minimum(place, longer)
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), starts)
    with np.errstate(invalid="ignore"):
        return total / np.add.reduceat(known, starts, dtype=np.float64)
