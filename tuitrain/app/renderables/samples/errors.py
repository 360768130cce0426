"""The errors of numbers on the test set: a scatter plot with a diagonal, and a histogram."""

from __future__ import annotations

from typing import Final

import numpy as np

from tuitrain.engines.batch_view import NumberTargets
from tuitrain.engines.state import Array

from ..charts.axes import (
    Axes,
    decimal_labels,
    nice_ticks,
    pad_constant_range,
    tick_rows,
    x_axis_rows,
)
from ..charts.braille import blank_canvas
from ..formatting import format_count
from ..rows import Role, Row, Span, bar, ellipsize, rjust
from .captions import mean, number_text
from .curves import merge_layers

_BINS: Final = 12
_LABELS: Final = 8
_HUGE: Final = 1e300
"""Larger numbers have differences that are infinite."""
_ROLES: Final[tuple[Role, ...]] = ("curve", "faint")


def scatter_rows(targets: NumberTargets, width: int, height: int) -> list[Row]:
    """Draw predicted (upwards) against true (to the right) with a dotted diagonal, and the errors.

    Both axes have the same range; predictions that are not finite are only counted.
    """
    summary = summary_rows(targets.test_errors, width)
    true, predicted = targets.test_targets, targets.test_outputs
    known = (np.abs(true) < _HUGE) & (np.abs(predicted) < _HUGE)
    plot_width, plot_height = width - _LABELS - 1, height - len(summary) - 4
    if not known.any() or plot_width < 4 or plot_height < 2:
        return summary[: max(0, height)]
    true, predicted = true[known].astype(np.float64), predicted[known].astype(np.float64)
    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    low, high = pad_constant_range(low, high) or (low, high)
    ticks = nice_ticks(low, high, max(3, min(plot_height // 2, plot_width // 9)))
    label = decimal_labels(low, high)
    axes = Axes(low, high, low, high, label, {tick: label(tick) for tick in ticks})
    marks = tick_rows(ticks, axes, plot_height)
    rows: list[Row] = [(("predicted", "muted"),)]
    for y, spans in enumerate(_canvas(true, predicted, low, high, plot_width, plot_height)):
        tick = marks.get(y)
        edge: Span = ("│" if tick is None else "┤", "faint")
        rows.append(((rjust("" if tick is None else label(tick), _LABELS), "muted"), edge, *spans))
    rows += x_axis_rows(axes, _LABELS, plot_width)
    return [*rows, ((rjust("true", width), "muted"),), *summary]


def scatter_dots(
    true: Array, predicted: Array, low: float, high: float, width: int, height: int
) -> Array:
    """Return a canvas of ``width`` x ``height`` cells with a dot for each pair of finite numbers.

    Parameters
    ----------
    low, high : the range of both axes
    """
    dots = blank_canvas(width, height)
    rows, columns = dots.shape
    # Halved first, so that a range wider than the largest float has a length.
    span = high / 2 - low / 2
    x = np.rint((true / 2 - low / 2) / span * (columns - 1)).astype(int)
    y = np.rint((high / 2 - predicted / 2) / span * (rows - 1)).astype(int)
    dots[y, x] = True
    return dots


def _canvas(
    true: Array, predicted: Array, low: float, high: float, width: int, height: int
) -> list[Row]:
    points = scatter_dots(true, predicted, low, high, width, height)
    along = np.linspace(low / 2, high / 2, max(points.shape) // 2) * 2
    diagonal = scatter_dots(along, along, low, high, width, height)
    return merge_layers([points, diagonal], _ROLES)


def error_rows(errors: Array, width: int, height: int) -> list[Row]:
    """Draw a histogram of the errors, from the smallest to the largest, and their summary."""
    summary = summary_rows(errors, width)
    finite = errors[np.isfinite(errors)]
    bins = min(_BINS, height - len(summary) - 2)
    if not finite.size or bins < 1 or width < 24:
        return summary[: max(0, height)]
    low, high = float(finite.min()), float(finite.max())
    if high - low <= abs(high) * 1e-6:
        bins, high = 1, low
        counts, edges = np.array([finite.size]), np.array([low, high])
    else:
        counts, edges = np.histogram(finite, bins, (low, high))
    rows: list[Row] = [((ellipsize("|error| from … to, number of samples", width), "muted"),)]
    digits = len(format_count(int(counts.max())))
    for count, start, end in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        span = f"{rjust(number_text(float(start)), 8)} {rjust(number_text(float(end)), 8)} "
        number = rjust(format_count(count), digits)
        bar_width = max(0, width - len(span) - digits - 1)
        filled = bar(count / max(1, int(counts.max())), bar_width)
        rows.append(((span, "muted"), (number + " ", "text"), (filled, "curve")))
    return [*rows, (), *summary]


def summary_rows(errors: Array, width: int) -> list[Row]:
    """Return mean, median and largest of the errors that are finite, and how many are not."""
    finite = errors[np.isfinite(errors)].astype(np.float64)
    rows: list[Row] = []
    if finite.size:
        text = (
            f"|error| mean {number_text(mean(finite))}  median "
            f"{number_text(float(np.median(finite)))}  largest {number_text(float(finite.max()))}"
        )
        rows.append(((ellipsize(text, width), "text"),))
    if broken := len(errors) - finite.size:
        noun = "sample has an output" if broken == 1 else "samples have an output"
        text = f"{format_count(broken)} {noun} that is NaN or infinite"
        rows.append(((ellipsize(text, width), "bad"),))
    return rows
