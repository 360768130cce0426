"""What of a past run is drawn beside another: the curves of the line that it ended on."""

from __future__ import annotations

from pathlib import Path

from tuitrain.run.snapshot import Series

from .history import read_history


def final_curves(folder: Path) -> tuple[Series, Series]:
    """Return loss and accuracy of the line that a run ended on.

    Raises
    ------
    TuitrainError : the record cannot be read, or is damaged
    """
    line = read_history(folder).legs[-1].line
    return line.loss.series(), line.accuracy.series()
