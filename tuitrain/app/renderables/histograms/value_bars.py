"""A few signed numbers as bars to both sides of zero."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..formatting import format_number
from ..heatmaps.heatmap import Pixels
from ..rows import Row, bar, rjust

_NUMBER: Final = 4
_VALUE: Final = 9


def value_bar_rows(values: Pixels, width: int) -> list[Row]:
    """Draw a row for each: its place, its value, and a bar from the zero in the middle."""
    finite = np.abs(values[np.isfinite(values)])
    most = float(finite.max(initial=0.0)) or 1.0
    side = max(1, (width - _NUMBER - _VALUE - 2) // 2)
    rows: list[Row] = []
    for place, value in enumerate(values.tolist()):
        share = value / most if np.isfinite(value) else 0.0
        cells = round(-share * side) if share < 0 else 0
        rows.append(
            (
                (rjust(str(place), _NUMBER), "muted"),
                (
                    rjust(format_number(value), _VALUE) + " ",
                    "text" if np.isfinite(value) else "bad",
                ),
                (" " * (side - cells) + "█" * cells, "curve-2"),
                ("│", "faint"),
                (bar(max(0.0, share), side), "curve"),
            )
        )
    return rows
