"""The list of live runs as text, with past runs below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tuitrain.errors import TuitrainError
from tuitrain.scenario.runs.run_list import list_runs, runs_folder
from tuitrain.text import format_count, visible

from .replies import ListedRun

MAX_PAST: Final = 10
"""The newest past runs that are listed."""


MAX_WIDTH: Final = 40
"""The widest column; a longer cell moves only the rest of its row."""


def live_lines(rows: Sequence[ListedRun]) -> list[str]:
    """Return a line for each live run, below a line of titles."""
    if not rows:
        return ["no run is live on this machine"]
    cells = [("RUN", "ID", "PHASE", "STEP", "LOSS", "VIEWERS", "FOLDER"), *map(_cells, rows)]
    widths = [min(max(map(len, column)), MAX_WIDTH) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def past_lines(live: Sequence[ListedRun]) -> list[str]:
    """Return a line for each of the newest past runs that are not live."""
    try:
        runs = list_runs(runs_folder())
    except TuitrainError:
        return []
    folders = {row.folder for row in live}
    past = [run for run in runs if str(run.folder.resolve()) not in folders][:MAX_PAST]
    if not past:
        return []
    lines = [
        f"  {run.started_at:%Y-%m-%d %H:%M}  {run.ending:<11}  {visible(str(run.folder))}"
        for run in past
    ]
    return ["", "past runs, newest first:", *lines]


def _cells(row: ListedRun) -> tuple[str, ...]:
    step = format_count(row.step)
    if row.total_steps is not None:
        step += f" / {format_count(row.total_steps)}"
    loss = "-" if row.loss is None else f"{row.loss:.4g}"
    phase = row.phase if not row.problem else f"{row.phase} ({row.problem})"
    return (
        visible(row.run),
        row.id,
        visible(phase),
        step,
        loss,
        str(row.viewers),
        visible(row.folder),
    )
