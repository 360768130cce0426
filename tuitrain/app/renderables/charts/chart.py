"""A chart of one metric over the steps: the part in view, its marks, its cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tuitrain.run.snapshot import Snapshot

from ..formatting import format_count
from ..rows import Row, wrap_text
from .axes import Axes, decimal_labels, log_labels, pad_constant_range
from .branch_curves import value_range
from .chart_view import ChartView
from .intervention_marks import intervention_marks
from .metrics import LR, Metric
from .pinned_runs import PinnedRun, legend_rows, pinned_curves
from .plot import Curve, plot
from .series import clip_steps, count_at, log10, running_mean, value_at

_MIN_LEGEND_HEIGHT: Final = 8
"""Minimum height of a chart with a legend; in others the title has the letters of the runs."""

MAX_CURVES: Final = 24
"""Maximum number of groups on the screen: each costs 0.2 ms. An exported file has all of them."""


@dataclass(frozen=True, slots=True)
class ChartImage:
    """A drawn chart.

    Attributes
    ----------
    rows : the legend and the plot
    title : the metric, and how it is shown
    subtitle : the values at the cursor, or the newest
    margin : cells at the left of the plot
    """

    rows: Sequence[Row]
    title: str
    subtitle: str
    margin: int = 0


def draw_chart(
    snapshot: Snapshot, metric: Metric, view: ChartView, width: int, height: int
) -> ChartImage:
    """Draw a metric into ``width`` x ``height`` cells."""
    group = view.group if metric.group_field else ""
    all_curves = [curve for curve in metric.curves(snapshot) if not group or curve.name == group]
    curves = all_curves[:MAX_CURVES] + pinned_curves(view.pinned, metric, group)[:MAX_CURVES]
    title = _title(metric, view, group, len(all_curves))
    subtitle = _values(curves, metric, view.cursor)
    pinned = [run for run in view.pinned if metric.read_run or run.series_by_name(metric, group)]
    legend: list[Row] = []
    if pinned and height >= _MIN_LEGEND_HEIGHT:
        legend = legend_rows(pinned, metric, view.cursor, metric.format, width, group)
    elif pinned:
        title += " · " + " ".join(run.letter for run in pinned)
    start, end = view.window(last_step(snapshot, view.pinned))
    curves = _transform(curves, metric, view, start, end)
    span = _span(curves, metric)
    if span is None:
        text = _empty_text(snapshot, metric, view, all_curves[:1])
        return ChartImage(wrap_text(text, width, "muted"), title, subtitle)
    labels = log_labels(*span) if _is_log(metric, view) else _labels(metric, *span)
    axes = Axes(start, end, *span, labels)
    marks = intervention_marks(snapshot.interventions, snapshot.groups)
    rows = plot(curves, axes, width, height - len(legend), marks, view.cursor)
    return ChartImage([*legend, *rows], title, subtitle, len(rows[0][0][0]) if rows else 0)


def last_step(snapshot: Snapshot, pinned: Sequence[PinnedRun] = ()) -> int:
    """Return the end of the x axis: the last step of all branches and pinned runs."""
    ends = [branch.tip for branch in snapshot.branches] + [run.last_step for run in pinned]
    return max(snapshot.step, 2, *ends)


def _is_log(metric: Metric, view: ChartView) -> bool:
    return view.logarithmic and metric.supports_log


def _window(metric: Metric, view: ChartView) -> int:
    """Return the number of points in a running mean; 0 for the values themselves."""
    return metric.smoothing_window if view.smooth else 0


def _title(metric: Metric, view: ChartView, group: str, number: int) -> str:
    """Name the metric and its group, with notes about axis, smoothing and left-out curves."""
    notes = ["log"] if _is_log(metric, view) else []
    if window := _window(metric, view):
        notes.append(f"mean of {window}")
    if number > MAX_CURVES:
        notes.append(f"{MAX_CURVES} of {format_count(number)}")
    title = f"{metric.name} of {group}" if group else metric.name
    return f"{title} ({', '.join(notes)})" if notes else title


def _transform(
    curves: Sequence[Curve], metric: Metric, view: ChartView, start: float, end: float
) -> list[Curve]:
    """Smooth the curves, clip them to the steps in view, and take logarithms, as in the view."""
    if window := _window(metric, view):
        curves = [smooth for curve in curves for smooth in _smoothed(curve, window)]
    curves = [replace(curve, series=clip_steps(curve.series, start, end)) for curve in curves]
    if _is_log(metric, view):
        curves = [replace(curve, series=log10(curve.series)) for curve in curves]
    return curves


def _smoothed(curve: Curve, window: int) -> list[Curve]:
    """Return the running mean of a curve; with a band, over its values."""
    mean = replace(curve, series=running_mean(curve.series, window), band=None)
    return [mean, replace(curve, role=curve.band)] if curve.band else [mean]


def _empty_text(
    snapshot: Snapshot, metric: Metric, view: ChartView, present: Sequence[Curve]
) -> str:
    """Return the reason for an empty chart; ``present`` has the curve of the present branch."""
    if metric.read_run is not None and any(len(curve.series) for curve in present):
        return "no value in view is finite" if view.span is not None else "no value is finite"
    if snapshot.phase.is_record and metric.read_run is None:
        return "not in the record"
    if view.span is not None:
        return "nothing in view: 0 shows the whole run"
    if metric.info is not None and snapshot.info.reports_metrics:
        if snapshot.phase.is_record:
            return "not in the record up to this step"
        return f"run.log({metric.name}=…) in the script reports it"
    every = snapshot.info.evaluate_every
    if metric.info is not None and every:
        return f"measured every {format_count(every)} steps"
    return metric.empty_text


def _values(curves: Sequence[Curve], metric: Metric, step: float | None) -> str:
    """Write the values of the present branch's curves at a step, or the newest."""
    texts = []
    for curve in curves:
        value = None if curve.is_reference else value_at(curve.series, step)
        if value is not None:
            count = count_at(curve.series, step)
            note = f" (mean of {format_count(count)})" if count > 1 else ""
            texts.append(f"{curve.name} {metric.format(value)}".strip() + note)
    text = "  ".join(texts)
    return text if step is None else f"step {format_count(round(step))}: {text or '—'}"


def _span(curves: Sequence[Curve], metric: Metric) -> tuple[float, float] | None:
    """Return the range of the y axis; None if no value is finite."""
    # References do not raise the top, since a diverged one would flatten the other curves.
    # Learning rates are an exception: a comparison needs all of them.
    own = [curve.series for curve in curves if not curve.is_reference or metric is LR]
    info = metric.info
    rises = info is not None and info.larger_is_better and not info.is_share
    span = value_range(own, [curve for curve in curves if curve.is_reference], rises)
    if span is None:
        return None
    bottom, top = span
    if info is not None and info.is_share:
        return max(0.0, min(bottom - 0.01, 0.99)), 1.0
    return pad_constant_range(bottom, top) or (bottom, top)


def _labels(metric: Metric, bottom: float, top: float) -> Callable[[float], str]:
    if metric.info is not None and metric.info.is_share:
        return lambda value: f"{value * 100:.0f} %"
    return decimal_labels(bottom, top)
