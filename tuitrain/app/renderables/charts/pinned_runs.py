"""Past runs that are drawn beside the present run, with a letter, a color and a dash pattern."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tuitrain.run.snapshot import Series
from tuitrain.scenario.runs.final_curves import FinalCurves

from ..rows import Role, Row, Span, ellipsize, join_rows, row_width
from . import braille
from .metrics import Metric
from .plot import Curve, dash_mask
from .series import value_at

PIN_LETTERS: Final = "ABCDE"
"""The letters of pinned runs; more curves would cover one another."""

_STYLES: Final[tuple[tuple[Role, str], ...]] = (
    ("group-0", "1100"),
    ("group-2", "111110"),
    ("group-3", "1000"),
    ("group-4", "11101000"),
    ("text", "11110000"),
)
_SAMPLE_WIDTH: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class PinnedRun:
    """A past run to compare with.

    Attributes
    ----------
    key : identifies the run: its folder
    name : its name in a legend
    """

    key: str
    name: str
    letter: str
    curves: FinalCurves = field(default_factory=FinalCurves)

    @property
    def last_step(self) -> int:
        """The last step with a loss or a metric."""
        measured = self.curves.loss, *self.curves.metrics.values()
        return max(int(series.steps[-1]) if len(series) else 0 for series in measured)

    @property
    def role(self) -> Role:
        """The role of its curves."""
        return _STYLES[PIN_LETTERS.index(self.letter)][0]

    @property
    def dash(self) -> str:
        """The dash pattern of its curves."""
        return _STYLES[PIN_LETTERS.index(self.letter)][1]

    def series_by_name(self, metric: Metric, group: str = "") -> dict[str, Series]:
        """Return the series of a metric by group, or of one group alone.

        The name of a series of the whole network is "".
        """
        if metric.read_run is not None:
            series = {"": metric.read_run(self.curves)}
        else:
            series = {
                history.name: getattr(history, metric.group_field)
                for history in self.curves.traces
                if not group or history.name == group
            }
        return {name: values for name, values in series.items() if len(values)}


def pinned_curves(pinned: Sequence[PinnedRun], metric: Metric, group: str = "") -> list[Curve]:
    """Return a dashed curve for each run with the metric, or for each of its groups.

    The name of a curve is the letter of its run; with several groups, also its group.
    """
    return [
        Curve(
            series,
            run.role,
            name=run.letter if group else f"{run.letter} {name}".strip(),
            dash=run.dash,
        )
        for run in pinned
        for name, series in run.series_by_name(metric, group).items()
    ]


def legend_rows(
    pinned: Sequence[PinnedRun],
    metric: Metric,
    step: float | None,
    format_value: Callable[[float], str],
    width: int,
    group: str = "",
) -> list[Row]:
    """Return a row with letter, line, name and value of each run; names are shortened to fit.

    A run with curves of several groups has no value.
    """
    row: Row = ()
    for max_name in (*range(40, 3, -1), 0):
        entries = [
            _entry(run, run.series_by_name(metric, group), step, format_value, max_name)
            for run in pinned
        ]
        row = join_rows(entries, "   ")
        if row_width(row) <= width:
            break
    return [row]


def line_sample(pinned: PinnedRun) -> Span:
    """Return a sample of a run's line, for a legend."""
    dots = braille.blank_canvas(_SAMPLE_WIDTH, 1)
    dots[1] = dash_mask(pinned.dash, dots.shape[1])
    return braille.to_text(dots)[0], pinned.role


def _entry(
    pinned: PinnedRun,
    series_by_name: dict[str, Series],
    step: float | None,
    format_value: Callable[[float], str],
    max_name: int,
) -> Row:
    values = [value_at(series, step) for series in series_by_name.values()] or [None]
    name = f" {ellipsize(pinned.name, max_name)}" if max_name else ""
    value = "—" if values[0] is None else format_value(values[0])
    return (
        (f"{pinned.letter} ", pinned.role),
        line_sample(pinned),
        (name, "muted"),
        (f" {value}" if len(values) == 1 else "", "text"),
    )
