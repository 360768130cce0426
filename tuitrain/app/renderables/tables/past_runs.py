"""Past runs as the rows of a table, newest first, with the numbers that they ended with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tuitrain.scenario.runs.run_list import Ending, RecordedRun

from ..charts.pinned_runs import PinnedRun, line_sample
from ..formatting import format_count, format_number, format_percentage
from ..rows import Role, Row, ljust, rjust

ENDINGS: Final[dict[Ending, tuple[str, Role]]] = {
    "finished": ("■", "good"),
    "stopped": ("◼", "accent"),
    "unfinished": ("◌", "warning"),
    "damaged": ("✗", "bad"),
}
_MARK: Final = 7
"""Cells for a letter and a piece of line."""

_WIDE: Final = 100


@dataclass(frozen=True, slots=True)
class _Columns:
    """The widths of the columns behind the mark; 0 leaves one out."""

    name: int
    started_at: int
    model: int
    steps: int
    loss: int = 9
    accuracy: int = 9
    ending: int = 12

    @classmethod
    def fitting(cls, width: int) -> _Columns:
        wide = width >= _WIDE
        least = cls(0, 18, 13, 17) if wide else cls(0, 12, 0, 9, 8, 8)
        taken = least.started_at + least.model + least.steps + least.loss + least.accuracy
        return replace(least, name=max(8, min(40, width - _MARK - taken - 2 - least.ending)))


def past_runs_header(width: int) -> Row:
    """Return the titles of the columns."""
    columns = _Columns.fitting(width)
    cells = (
        " " * _MARK,
        ljust("run", columns.name),
        ljust("began", columns.started_at),
        ljust("network", columns.model),
        rjust("steps", columns.steps),
        rjust("loss", columns.loss),
        rjust("acc.", columns.accuracy),
        "  " + ljust("ended", columns.ending),
    )
    return (("".join(cells), "muted"),)


def past_run_row(run: RecordedRun, width: int, pinned: PinnedRun | None = None) -> Row:
    """Return the row of a run; one that is pinned has its letter and its line at the front."""
    columns = _Columns.fitting(width)
    glyph, role = ENDINGS[run.ending]
    mark: Row = ((" " * _MARK, "text"),)
    if pinned is not None:
        mark = ((f"{pinned.letter} ", pinned.role), line_sample(pinned), (" ", "text"))
    date = f"{run.started_at:%Y-%m-%d %H:%M}" if columns.model else f"{run.started_at:%m-%d %H:%M}"
    name = (ljust(run.name, columns.name - 1) + " ", "strong")
    started_at = (ljust(date, columns.started_at), "muted")
    if run.problem:
        return (*mark, name, started_at, (f"{glyph} {run.problem}", role))
    numbers = (
        rjust(_steps(run, columns.steps), columns.steps),
        rjust(_loss(run.loss), columns.loss),
        rjust(_share(run.accuracy), columns.accuracy),
    )
    return (
        *mark,
        name,
        started_at,
        (ljust(run.model, columns.model), "text"),
        ("".join(numbers), "text"),
        (f"  {glyph} {run.ending}", role),
    )


def matches_search(run: RecordedRun, pattern: str) -> bool:
    """Whether a run has a text in what is shown of it."""
    words = (run.name, run.model, run.data, run.ending, f"{run.started_at:%Y-%m-%d %H:%M}")
    return all(each.lower() in " ".join(words).lower() for each in pattern.split())


def comparison_rows(
    runs: Sequence[tuple[str, float, float]], width: int, to_first: bool
) -> list[Row]:
    """Compare final numbers, as a line of titles and a line for each run.

    Parameters
    ----------
    runs : the name, the loss and the accuracy of each; NaN where there is none
    to_first : also by how much each differs from the first, which is the present run
    """
    name = max(12, width - 4 * 11)
    titles = ("loss", "± now", "accuracy", "± now") if to_first else ("loss", "accuracy")
    rows: list[Row] = [((ljust("", name) + "".join(rjust(each, 11) for each in titles), "muted"),)]
    first_loss, first_accuracy = runs[0][1:]
    for index, (text, loss, accuracy) in enumerate(runs):
        cells = [_loss(loss), _share(accuracy)]
        if to_first:
            cells.insert(1, _signed(loss - first_loss, _loss) if index else "")
            cells.append(_signed(accuracy - first_accuracy, format_percentage) if index else "")
        rows.append(
            ((ljust(text, name), "strong"), ("".join(rjust(each, 11) for each in cells), "text"))
        )
    return rows


def _steps(run: RecordedRun, width: int) -> str:
    """Write the steps that were taken, and where there is room of how many."""
    whole = (
        f"{format_count(run.step)} / {format_count(run.total)}"
        if run.total
        else format_count(run.step)
    )
    return whole if len(whole) < width else format_count(run.step)


def _loss(value: float) -> str:
    return f"{value:.4f}" if 5e-4 <= value < 1000 else format_number(value)


def _share(value: float) -> str:
    return "—" if math.isnan(value) else format_percentage(value)


def _signed(value: float, written: Callable[[float], str]) -> str:
    return "—" if math.isnan(value) else f"{'+' if value >= 0 else '-'}{written(abs(value))}"
