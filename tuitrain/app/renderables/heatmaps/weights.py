"""One parameter, seen closely: facts, histograms now and over the steps, the weights themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from tuitrain.engines.inspection import HistogramSeries, TensorSummary, WeightsView
from tuitrain.engines.views import ArrayStatistics, LayerUnits

from ..formatting import (
    format_compact,
    format_count,
    format_number,
    format_percentage,
    format_shape,
)
from ..histograms.bars import histogram_bars
from ..histograms.parameter import format_values
from ..histograms.value_bars import value_bar_rows
from ..rows import Row, Span, ellipsize, first_fitting, join_rows, ljust, rjust
from .filters import FilterGrid, filter_rows
from .heatmap import (
    GlyphSet,
    Pixels,
    draw_signed,
    draw_unsigned,
    resample,
    scale_legend,
    scale_limit,
)

TENSORS: Final = ("value", "gradient", "update")

_TAIL: Final = 0.001
"""The share of all values at each end that the range of a course leaves out."""


def tensor_summary(view: WeightsView, name: str) -> TensorSummary:
    """Return the side of a parameter that has this name."""
    return {"value": view.value, "gradient": view.grad, "update": view.update}[name]


def fact_rows(view: WeightsView, facet: str, width: int) -> list[Row]:
    """Say in four rows what is looked at: name, numbers, update and units, first values."""
    return [
        _title(view, facet, width),
        _numbers(tensor_summary(view, facet).statistics, absence_reason(view, facet), width),
        first_fitting(
            [
                join_rows([_update(view), dead_units_row(view.units, most)])
                for most in (12, 6, 3, 0)
            ],
            width,
        ),
        _first(tensor_summary(view, facet), facet, width),
    ]


def _title(view: WeightsView, facet: str, width: int) -> Row:
    tied = f" = {', '.join(view.aliases)}" if view.aliases else ""
    name: Row = ((view.name + tied, "strong"), (f" {format_shape(view.shape)}", "text"))
    group: Row = ((f"{view.group} · step {format_count(view.step)}", "muted"),)
    frozen: Row = ()
    if view.frozen_since is not None:
        frozen = ((f"❄ frozen since {format_count(view.frozen_since)}", "frozen"),)
    tabs: Row = tuple(
        (f"[{each}]" if each == facet else f" {each} ", "accent" if each == facet else "muted")
        for each in TENSORS
    )
    choices = [[name, group, frozen, tabs], [name, frozen, tabs], [name, tabs]]
    return first_fitting([join_rows(each) for each in choices], width)


def absence_reason(view: WeightsView, facet: str) -> str:
    """Say why a side of a parameter has nothing to show."""
    if facet == "update":
        return "no update seen yet: it is what has changed from one look to the next"
    frozen = " (frozen)" if view.frozen_since is not None else ""
    return f"no gradient{frozen}"


def _numbers(now: ArrayStatistics | None, nothing: str, width: int) -> Row:
    if now is None:
        return ((ellipsize(nothing, width), "frozen"),)
    parts = [("norm", now.norm), ("mean", now.mean), ("std", now.std)]
    parts += [("min", now.low), ("max", now.high)]
    row: list[Span] = []
    for name, value in parts:
        row += [(f"{name} ", "muted"), (ljust(format_number(value), 9), "text")]
    if now.non_finite:
        row.append((f"{format_compact(now.non_finite)} not finite", "bad"))
    return tuple(row)


def _update(view: WeightsView) -> Row:
    spans: list[Span] = [("|Δw|/|w| ", "muted"), (format_number(view.update_ratio), "text")]
    if view.update_steps:
        steps = (
            "the last step"
            if view.update_steps == 1
            else f"{format_count(view.update_steps)} steps"
        )
        spans.append((f"  update: Δw of {steps}", "muted"))
    return tuple(spans)


def dead_units_row(units: LayerUnits | None, most: int) -> Row:
    """Say how many units are dead, and ``most`` of which."""
    if units is None:
        return ()
    share = format_percentage(units.dead / units.units) if units.units else "—"
    text = f"dead units {units.dead} of {units.units} ({share})"
    if units.dead and most and units.dead_indices:
        listed = ", ".join(map(str, units.dead_indices[:most]))
        text += f": {listed}" + (" …" if len(units.dead_indices) > most else "")
    return ((text, "warning" if units.dead else "muted"),)


def _first(facet: TensorSummary, name: str, width: int) -> Row:
    if facet.statistics is None:
        return ()
    return (
        (f"{name} ", "muted"),
        (_written(facet.statistics.first_values, width - len(name) - 1), "text"),
    )


def _written(values: Sequence[float], width: int) -> str:
    """Write the first values as NumPy does; small ones, of which that shows nothing, as powers."""
    if max(map(abs, values), default=0.0) >= 0.01:
        return format_values(tuple(values), width)
    most = max(0, (width - 4) // 9)
    more = " …" if most < len(values) else ""
    return f"[{' '.join(rjust(format_number(each), 8) for each in values[:most])}{more}]"


def histogram_series_rows(
    course: HistogramSeries, width: int, height: int, ink: GlyphSet
) -> list[Row]:
    """Draw histograms over the steps: a column a moment, a row a range of values."""
    if not len(course) or width < 16 or height < 3:
        return []
    low, high = series_range(course)
    labels = _labels(low, high, height - 1)
    margin = max(len(each) for each in labels)
    inner = width - margin - 1
    shares = _shares(course, low, high, (height - 1) * ink.pixels_per_cell, inner)
    drawn = draw_unsigned(shares, ink)
    rows: list[Row] = [
        ((rjust(label, margin), "muted"), ("┤" if label else "│", "faint"), *row)
        for label, row in zip(labels, drawn, strict=True)
    ]
    start, end = (f"step {format_count(int(course.steps[0]))}", format_count(int(course.steps[-1])))
    gap = max(1, inner - len(start) - len(end))
    return [*rows, ((" " * (margin + 1) + start + " " * gap + end, "muted"),)]


def series_range(course: HistogramSeries) -> tuple[float, float]:
    """Return the values between which nearly all lie that were ever counted."""
    edges = np.linspace(course.low.min(), course.high.max(), 513)
    if edges[0] == edges[-1]:
        size = abs(edges[0]) or 1.0
        return edges[0] - size / 2, edges[0] + size / 2
    total = np.cumsum(sum(_spread(course, at, edges) for at in range(len(course))))
    low = edges[np.searchsorted(total, _TAIL * total[-1])]
    high = edges[np.searchsorted(total, (1 - _TAIL) * total[-1]) + 1]
    return float(low), float(high)


def _spread(course: HistogramSeries, at: int, edges: Pixels) -> Pixels:
    """Return how many values of a sample lie between these edges; those beyond are not counted."""
    counts = course.counts[at]
    own = np.linspace(course.low[at], course.high[at], len(counts) + 1)
    if own[0] == own[-1]:  # all of one value
        place = np.clip(np.searchsorted(edges, own[0], "right") - 1, 0, len(edges) - 2)
        return np.bincount([place], [counts.sum()], len(edges) - 1)
    return np.diff(np.interp(edges, own, np.concatenate(([0], np.cumsum(counts)))))


def _shares(course: HistogramSeries, low: float, high: float, rows: int, columns: int) -> Pixels:
    """Return for each pixel how full it is, from 0 to 1: the highest values in the first row."""
    edges = np.linspace(low, high, rows + 1)
    steps = course.steps
    wanted = np.linspace(steps[0], steps[-1], columns)
    at = np.searchsorted((steps[1:] + steps[:-1]) / 2, wanted)  # the nearest sample
    drawn = {each: _spread(course, each, edges)[::-1] for each in np.unique(at).tolist()}
    found = np.stack([drawn[each] for each in at.tolist()], axis=1)
    most = found.max()
    # The root: what is rare is seen beside what is common.
    return np.sqrt(found / most) if most else found


def _labels(low: float, high: float, rows: int) -> list[str]:
    """Name the ends, and zero where it lies between them."""
    labels = [""] * rows
    labels[0], labels[-1] = format_number(high), format_number(low)
    if low < 0 < high:
        place = int(high / (high - low) * rows)
        if 0 < place < rows - 1:
            labels[place] = "0"
    return labels


def histogram_rows(now: ArrayStatistics | None, width: int, height: int) -> list[Row]:
    """Draw the histogram as it is now, with its ends, and where zero lies."""
    if now is None or height < 2 or not math.isfinite(now.low):
        return []
    rows: list[Row] = [((each, "curve"),) for each in histogram_bars(now.counts, width, height - 1)]
    axis = [" "] * width
    if now.low < 0 < now.high:
        axis[min(width - 1, int(-now.low / (now.high - now.low) * width))] = "0"
    for text, at in (
        (format_number(now.low), 0),
        (format_number(now.high), width - len(format_number(now.high))),
    ):
        axis[max(0, at) : at + len(text)] = text
    return [*rows, (("".join(axis[:width]), "muted"),)]


def weight_picture_rows(
    facet: TensorSummary, whole: Sequence[int], width: int, height: int, first: int, ink: GlyphSet
) -> tuple[list[Row], str]:
    """Draw the weights themselves, and say in a few words what a cell is.

    Parameters
    ----------
    whole : the shape of the parameter
    first : the first output channel of a convolution that is drawn
    """
    sample = facet.sample
    if sample is None or not sample.size or height < 3 or width < 12:
        return [], ""
    values = sample.astype(np.float64)
    if values.size == max(values.shape, default=1) <= height:
        return value_bar_rows(values.ravel(), width), "a bar for each value"
    if is_filters(values.shape):
        grid = FilterGrid.fit(values.shape, width, height - 2, ink)
        first = max(0, min(first, len(values) - grid.visible_count(values.shape)))
        limit, said = scale_limit(values), _filters_said(whole, grid, first)
        drawn = filter_rows(values, limit, grid, first, ink)
    else:
        pixels, said = _pixels(
            values, facet.block, whole, width, (height - 2) * ink.pixels_per_cell
        )
        limit = scale_limit(pixels)
        drawn = draw_signed(pixels, limit, ink)
    return [*drawn[: height - 2], (), scale_legend(limit, ink, width)], said


def is_filters(dimensions: Sequence[int]) -> bool:
    """Whether an array of this shape is drawn as pictures: windows of more than one weight."""
    return len(dimensions) == 4 and dimensions[2] * dimensions[3] > 1


def _filters_said(whole: Sequence[int], grid: FilterGrid, first: int) -> str:
    shown = grid.visible_count(whole)
    out = "" if shown == whole[0] else f"out {first}-{first + shown - 1} of {whole[0]}, pgdn: more"
    hidden = not grid.single_input and grid.columns < whole[1]
    into = f"in 0-{grid.columns - 1} of {whole[1]}" if hidden else ""
    return " · ".join(each for each in (out, into) if each) or f"{whole[0]} x {whole[1]} filters"


def _pixels(
    values: Pixels, block: tuple[int, int], whole: Sequence[int], width: int, height: int
) -> tuple[Pixels, str]:
    """Return what is drawn of an array that is no filters, and what one pixel is."""
    matrix, vector = as_matrix(values, width)
    if vector:
        return resample(
            matrix, height, width
        ), f"{format_count(math.prod(whole))} values, row by row"
    pixels = resample(matrix, height, width, grow=4)
    down = max(1, round(matrix.shape[0] * block[0] / len(pixels)))
    across = max(1, round(matrix.shape[1] * block[1] / pixels.shape[1]))
    mean = f"a cell: the mean of {down} x {across} weights"
    return pixels, mean if down * across > 1 else "rows: out, columns: in"


def as_matrix(values: Pixels, width: int) -> tuple[Pixels, bool]:
    """Return an array as a matrix, and whether it is none: then it is written row by row."""
    squeezed = values.reshape([n for n in values.shape if n > 1] or [1])
    if squeezed.ndim == 2:
        return squeezed, False
    if squeezed.ndim > 2:
        return squeezed.reshape(len(squeezed), -1), False
    columns = min(width, squeezed.size)
    filled = np.full(-(-squeezed.size // columns) * columns, 0.0)
    filled[: squeezed.size] = squeezed
    return filled.reshape(-1, columns), True
