"""A chart of one quantity over the steps: the part that is in view, its marks, its cross-hair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tuitrain.run.snapshot import Series, Snapshot

from ..formatting import format_count
from ..rows import Row
from .branch_curves import value_range
from .chart_view import ChartView
from .intervention_marks import intervention_marks
from .metrics import ACCURACY, LOSS, LR, Metric
from .pinned_runs import PinnedRun, legend_rows, pinned_curves, value_at
from .plot import Axes, Curve, decimal_labels, log_labels, pad_constant_range, plot

_LEGEND_FROM = 8
"""Lines of a chart that can spare one for a legend; elsewhere the title has the letters."""
MAX_CURVES: Final = 24
"""More groups than that cannot be told apart, and each costs .2 ms; a file gets all of them."""


@dataclass(frozen=True, slots=True)
class ChartImage:
    """A drawn chart.

    Attributes
    ----------
    rows : the plot
    title, subtitle : what it shows, and its newest values or those at the cross-hair
    margin : cells at the left of what is plotted
    """

    rows: Sequence[Row]
    title: str
    subtitle: str
    margin: int = 0


def draw_chart(
    snapshot: Snapshot, quantity: Metric, view: ChartView, width: int, height: int
) -> ChartImage:
    """Draw a quantity into ``width`` x ``height`` cells."""
    group = view.group if quantity.group_field else ""
    every = [each for each in quantity.curves(snapshot) if not group or each.name == group]
    curves = [
        *every[:MAX_CURVES],
        *pinned_curves(view.pinned, quantity, group)[:MAX_CURVES],
    ]
    logarithmic = view.logarithmic and quantity.supports_log
    over = quantity.mean_over if view.smooth else 0
    notes = ["log"] * logarithmic + [f"mean of {over}"] * bool(over)
    notes += [f"{MAX_CURVES} of {format_count(len(every))}"] * (len(every) > MAX_CURVES)
    title = quantity.name + f" of {group}" * bool(group)
    title += f" ({', '.join(notes)})" if notes else ""
    subtitle = _values(curves, quantity, view.cross)
    pinned = [
        each for each in view.pinned if quantity.run_field or each.series_by_name(quantity, group)
    ]
    legend: list[Row] = []
    if pinned and height >= _LEGEND_FROM:
        legend = legend_rows(pinned, quantity, view.cross, quantity.format, width, group)
    elif pinned:
        title += " · " + " ".join(each.letter for each in pinned)
    start, end = view.window(last_step(snapshot, view.pinned))
    if over:
        curves = [smoothed for each in curves for smoothed in _smoothed(each, over)]
    curves = [replace(each, series=_between(each.series, start, end)) for each in curves]
    if logarithmic:
        curves = [replace(each, series=_log10(each.series)) for each in curves]
    span = _span(curves, quantity)
    if span is None:
        absent = (
            quantity.empty_text if view.span is None else "nothing in view: 0 shows the whole run"
        )
        if snapshot.phase.is_record and quantity not in (LOSS, ACCURACY):
            absent = "not in the record"
        return ChartImage([((absent, "muted"),)], title, subtitle)
    label = log_labels(*span) if logarithmic else _label(quantity, *span)
    axes = Axes(start, end, *span, label)
    marks = intervention_marks(snapshot.interventions, snapshot.groups)
    rows = plot(curves, axes, width, height - len(legend), marks, view.cross)
    return ChartImage([*legend, *rows], title, subtitle, len(rows[0][0][0]) if rows else 0)


def last_step(snapshot: Snapshot, pinned: Sequence[PinnedRun] = ()) -> int:
    """Return where the steps' axis ends: with the longest of the lines that are drawn."""
    tips = [branch.tip for branch in snapshot.branches] + [each.last_step for each in pinned]
    return max(snapshot.step, 2, *tips)


def _values(curves: Sequence[Curve], quantity: Metric, step: float | None) -> str:
    """Write what the curves of the present line have at a step, or have come to."""
    words = []
    for curve in curves:
        value = None if curve.is_reference else value_at(curve.series, step)
        if value is not None:
            words.append(f"{curve.name} {quantity.format(value)}".strip())
    said = "  ".join(words)
    return said if step is None else f"step {format_count(round(step))}: {said or '—'}"


def _span(curves: Sequence[Curve], quantity: Metric) -> tuple[float, float] | None:
    # Whoever compares learning rates wants to see all; what diverged would flatten other curves.
    own = [curve.series.values for curve in curves if not curve.is_reference or quantity is LR]
    present = Series(np.empty(0, np.int64), np.concatenate([np.empty(0), *own]))
    span = value_range(present, [curve for curve in curves if curve.is_reference])
    if span is None:
        return None
    bottom, top = span
    if quantity is ACCURACY:
        return max(0.0, min(bottom - 0.01, 0.99)), 1.0
    return pad_constant_range(bottom, top) or (bottom, top)


def _label(quantity: Metric, bottom: float, top: float) -> Callable[[float], str]:
    if quantity is ACCURACY:
        return lambda value: f"{value * 100:.0f} %"
    return decimal_labels(bottom, top)


def _smoothed(curve: Curve, over: int) -> list[Curve]:
    """Return the running mean of a curve, over its values if those have a band."""
    mean = replace(curve, series=running_mean(curve.series, over), band=None)
    return [mean, replace(curve, role=curve.band)] if curve.band else [mean]


def running_mean(series: Series, over: int) -> Series:
    """Return the mean of each value and those before it, ``over`` at most; NaN stays out of it."""
    known = np.isfinite(series.values)
    total = np.concatenate(([0.0], np.cumsum(np.where(known, series.values, 0.0))))
    number = np.concatenate(([0], np.cumsum(known)))
    end = np.arange(1, len(series) + 1)
    start = np.maximum(0, end - over)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (total[end] - total[start]) / (number[end] - number[start])
    return Series(series.steps, np.where(known, means, np.nan))


def _between(series: Series, start: float, end: float) -> Series:
    """Return what is in view."""
    first = int(np.searchsorted(series.steps, start))
    here = slice(first, int(np.searchsorted(series.steps, end, side="right")))
    return Series(series.steps[here], series.values[here])


def _log10(series: Series) -> Series:
    with np.errstate(divide="ignore", invalid="ignore"):
        return Series(series.steps, np.log10(series.values))
