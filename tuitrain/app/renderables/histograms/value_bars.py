"""A few signed values as horizontal bars to both sides of zero."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..formatting import format_number
from ..heatmaps.heatmap import Pixels
from ..rows import Row, bar, rjust

_INDEX_WIDTH: Final = 4
_VALUE_WIDTH: Final = 9


def value_bar_rows(values: Pixels, width: int) -> list[Row]:
    """Draw a row for each value: its index, its value, and a bar from zero in the middle."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0)) or 1.0
    side = max(1, (width - _INDEX_WIDTH - _VALUE_WIDTH - 2) // 2)
    rows: list[Row] = []
    for index, value in enumerate(values.tolist()):
        share = value / largest if np.isfinite(value) else 0.0
        cells = round(-share * side) if share < 0 else 0
        rows.append(
            (
                (rjust(str(index), _INDEX_WIDTH), "muted"),
                (
                    rjust(format_number(value), _VALUE_WIDTH) + " ",
                    "text" if np.isfinite(value) else "bad",
                ),
                (" " * (side - cells) + "█" * cells, "curve-2"),
                ("│", "faint"),
                (bar(max(0.0, share), side), "curve"),
            )
        )
    return rows
