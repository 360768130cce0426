"""Live runs as the rows of a table: phase, progress, a small curve of the loss, viewers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tuitrain.remote.control.replies import ListedRun
from tuitrain.run.snapshot import Phase

from ..charts.sparkline import sparkline
from ..formatting import format_count, format_number
from ..header import PHASE_LABELS
from ..rows import Row, ellipsize, ljust, rjust

_CURVE: Final = 16
_PHASE: Final = 11
_STEPS: Final = 21
_LOSS: Final = 10
_VIEWERS: Final = 11
_WIDE_FROM: Final = 100


def live_runs_header(width: int) -> Row:
    """Return the header."""
    name, wide = _name_width(width), width >= _WIDE_FROM
    cells = [ljust("run", name), ljust("", _PHASE), rjust("steps", _STEPS), rjust("loss", _LOSS)]
    cells += ["  " + ljust("", _CURVE), rjust("viewers", _VIEWERS)] if wide else []
    return (("".join(cells), "muted"),)


def live_run_row(run: ListedRun, width: int) -> Row:
    """Return the row of a run."""
    name = _name_width(width)
    title = (ljust(_title(run, name - 1), name), "strong")
    known = {phase.value: PHASE_LABELS[phase] for phase in Phase}
    glyph, _, role = known.get(run.phase, ("?", "", "bad"))
    if run.problem:
        return (title, (f"{glyph} {run.phase}: {run.problem}", "bad"))
    steps = format_count(run.step)
    if run.total_steps is not None:
        with_total = f"{steps} / {format_count(run.total_steps)}"
        steps = with_total if len(with_total) < _STEPS else steps
    row: Row = (
        title,
        (ljust(f"{glyph} {run.phase}", _PHASE), role),
        (rjust(steps, _STEPS), "text"),
        (rjust(_loss(run.loss), _LOSS), "text"),
    )
    if width < _WIDE_FROM:
        return row
    values = np.array([math.nan if value is None else value for value in run.curve])
    curve = sparkline(values, _CURVE)
    return (*row, (f"  {curve}", "accent"), (rjust(str(run.viewers), _VIEWERS), "muted"))


def other_machines(silent: Sequence[str], problems: Sequence[str]) -> str:
    """Return which machines list no runs, and why; "" if all of them do.

    Parameters
    ----------
    silent : the machines that have not answered yet
    problems : why others cannot be asked
    """
    waiting = [f"{', '.join(silent)}: no answer yet"] if silent else []
    return " · ".join([*waiting, *problems])


def live_run_fits(run: ListedRun, pattern: str) -> bool:
    """Whether a row contains every word of a search, ignoring case."""
    text = f"{run.run} {run.host} {run.id} {run.phase} {run.folder}".lower()
    return all(word.lower() in text for word in pattern.split())


def _title(run: ListedRun, width: int) -> str:
    """Return the name of a run and its machine; the name is the first to be shortened."""
    where = ellipsize(f" · {run.host}", width * 2 // 3) if run.host else ""
    return ellipsize(run.run, width - len(where)) + where


def _loss(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.4f}" if 5e-4 <= value < 1000 else format_number(value)


def _name_width(width: int) -> int:
    rest = _PHASE + _STEPS + _LOSS + (2 + _CURVE + _VIEWERS if width >= _WIDE_FROM else 0)
    return max(8, min(44, width - rest))
