"""Past runs as the rows of a table, newest first, with their final loss and main metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tuitrain.metric_info import ACCURACY, LOSS, MetricInfo
from tuitrain.scenario.runs.run_list import Ending, RecordedRun

from ..charts.pinned_runs import PinnedRun, line_sample
from ..formatting import format_count, format_loss, format_metric
from ..rows import Role, Row, Span, ellipsize, ljust, rjust

ENDINGS: Final[dict[Ending, tuple[str, Role]]] = {
    "finished": ("■", "good"),
    "stopped": ("◼", "accent"),
    "failed": ("✗", "bad"),
    "interrupted": ("◌", "warning"),
    "unfinished": ("◌", "warning"),
    "damaged": ("✗", "bad"),
}
_MARK_WIDTH: Final = 7
"""Width of the letter and the line sample of a pinned run."""

_WIDE_FROM: Final = 100

_MIXED_WIDTH: Final = 7
"""Width of the names of metrics, where runs differ in them."""


@dataclass(frozen=True, slots=True)
class MetricTitle:
    """The title of the column with the main metric of the runs.

    Attributes
    ----------
    is_mixed : whether the runs differ in their main metric; each row then names its own
    """

    text: str
    is_mixed: bool = False


ACCURACY_TITLE: Final = MetricTitle("acc.")


@dataclass(frozen=True, slots=True)
class _Columns:
    """The widths of the columns after the mark; 0 leaves a column out."""

    name: int
    started_at: int
    model: int
    steps: int
    loss: int = 9
    metric: int = 9
    ending: int = 12

    @classmethod
    def fit(cls, width: int, title: MetricTitle) -> _Columns:
        is_wide = width >= _WIDE_FROM
        minimum = cls(0, 18, 13, 17) if is_wide else cls(0, 12, 0, 9, 8, 8)
        if title.is_mixed:
            minimum = replace(minimum, metric=minimum.metric + _MIXED_WIDTH)
        taken = minimum.started_at + minimum.model + minimum.steps + minimum.loss + minimum.metric
        return replace(
            minimum, name=max(8, min(40, width - _MARK_WIDTH - taken - 2 - minimum.ending))
        )


def metric_title(runs: Sequence[RecordedRun]) -> MetricTitle:
    """Return the title for runs: their main metric, if all have the same one."""
    names = {run.main_metric.name for run in runs if not run.problem} or {ACCURACY.name}
    if len(names) > 1:
        return MetricTitle("metric", is_mixed=True)
    name = names.pop()
    return ACCURACY_TITLE if name == ACCURACY.name else MetricTitle(name)


def past_runs_header(width: int, title: MetricTitle = ACCURACY_TITLE) -> Row:
    """Return the header."""
    columns = _Columns.fit(width, title)
    cells = (
        " " * _MARK_WIDTH,
        ljust("run", columns.name),
        ljust("began", columns.started_at),
        ljust("network", columns.model),
        rjust("steps", columns.steps),
        rjust("loss", columns.loss),
        rjust(ellipsize(title.text, columns.metric - 1), columns.metric),
        "  " + ljust("ended", columns.ending),
    )
    return (("".join(cells), "muted"),)


def past_run_row(
    run: RecordedRun,
    width: int,
    pinned: PinnedRun | None = None,
    title: MetricTitle = ACCURACY_TITLE,
) -> Row:
    """Return the row of a run; a pinned run starts with its letter and a sample of its line."""
    columns = _Columns.fit(width, title)
    glyph, role = ENDINGS[run.ending]
    mark: Row = ((" " * _MARK_WIDTH, "text"),)
    if pinned is not None:
        mark = ((f"{pinned.letter} ", pinned.role), line_sample(pinned), (" ", "text"))
    date = f"{run.started_at:%Y-%m-%d %H:%M}" if columns.model else f"{run.started_at:%m-%d %H:%M}"
    name = (ljust(run.name, columns.name - 1) + " ", "strong")
    started_at = (ljust(date, columns.started_at), "muted")
    if run.problem:
        return (*mark, name, started_at, (f"{glyph} {run.problem}", role))
    numbers = (
        rjust(_steps(run, columns.steps), columns.steps),
        rjust(format_loss(run.loss), columns.loss),
        rjust(_metric(run, columns.metric, title), columns.metric),
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
    """Whether a row contains every word of a search, ignoring case."""
    texts = (run.name, run.model, run.data, run.ending, f"{run.started_at:%Y-%m-%d %H:%M}")
    text = " ".join(texts).lower()
    return all(word.lower() in text for word in pattern.split())


def comparison_rows(
    runs: Sequence[tuple[str, float, float]],
    width: int,
    to_first: bool,
    metric: MetricInfo = ACCURACY,
) -> list[Row]:
    """Return a table of final losses and metrics: a header, and a row for each run.

    ``★`` marks the best loss and the best metric; a difference to the first run is colored as
    better or worse.

    Parameters
    ----------
    runs : name, loss and metric of each run; NaN if there is none
    to_first : whether to add the differences to the first run, which is the present one
    metric : the metric of the test set
    """
    name = max(12, width - 4 * 11)
    title = ellipsize(metric.name, 10)
    titles = ("loss", "± now", title, "± now") if to_first else ("loss", title)
    rows: list[Row] = [
        ((ljust("", name) + "".join(rjust(title, 11) for title in titles), "muted"),)
    ]
    columns = [
        _compared([loss for _, loss, _ in runs], LOSS, format_loss, to_first),
        _compared([value for *_, value in runs], metric, partial(format_metric, metric), to_first),
    ]
    for (run_name, *_), losses, values in zip(runs, *columns, strict=True):
        rows.append(((ljust(run_name, name), "strong"), *losses, *values))
    return rows


def _compared(
    values: Sequence[float],
    metric: MetricInfo,
    format_value: Callable[[float], str],
    to_first: bool,
) -> list[list[Span]]:
    """Return the cells of each value: itself, and its difference to the first one."""
    best = metric.best(values)
    cells: list[list[Span]] = []
    for index, value in enumerate(values):
        text = "—" if math.isnan(value) else format_value(value)
        is_best = value == best
        row: list[Span] = [(rjust(f"★ {text}" if is_best else text, 11), "text")]
        if to_first:
            delta = value - values[0]
            role: Role = "text"
            if index and delta and not math.isnan(delta):
                role = "good" if (delta > 0) == metric.larger_is_better else "bad"
            row.append((rjust(_signed(delta, format_value) if index else "", 11), role))
        cells.append(row)
    return cells


def _steps(run: RecordedRun, width: int) -> str:
    """Write the steps of a run; if there is room, also the planned number."""
    text = (
        f"{format_count(run.step)} / {format_count(run.total)}"
        if run.total
        else format_count(run.step)
    )
    return text if len(text) < width else format_count(run.step)


def _metric(run: RecordedRun, width: int, title: MetricTitle) -> str:
    """Write the main metric of a run, with its name if other runs have another one."""
    if math.isnan(run.main_value):
        return "—"
    value = format_metric(run.main_metric, run.main_value)
    if not title.is_mixed:
        return value
    return f"{ellipsize(run.main_metric.name, width - len(value) - 2)} {value}"


def _signed(value: float, format_value: Callable[[float], str]) -> str:
    return "—" if math.isnan(value) else f"{'+' if value >= 0 else '-'}{format_value(abs(value))}"
