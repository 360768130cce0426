"""Samples of two numbers as points in the plane, in the color of the predicted class."""

from __future__ import annotations

from typing import Final

import numpy as np

from tuitrain.engines.batch_view import NO_PREDICTION, BatchView, ClassTargets
from tuitrain.engines.state import Array

from ..charts.axes import (
    Axes,
    decimal_labels,
    nice_ticks,
    pad_constant_range,
    tick_rows,
    x_axis_rows,
)
from ..rows import GROUP_ROLES, Role, Row, Span, first_fitting, group_role, merge_spans, rjust
from .captions import class_text

MIN_HEIGHT: Final = 12
"""Minimum height of a panel with a picture above its table."""

_SHARE: Final = 0.65
"""The picture's share of the height."""

_MARGIN: Final = 7
_MAX_WIDTH: Final = 3
"""The picture is at most three times as wide as high, in cells: a cell is twice as high as wide."""


def point_rows(view: BatchView, width: int, height: int) -> list[Row]:
    """Draw the samples as points: ● where the prediction is right, ✗ where it is wrong.

    No rows for samples of more than two numbers, without one class each, or without enough room.
    """
    points, targets = view.inputs.values, view.targets
    is_plane = view.inputs.kind == "row" and points.shape[1] == 2
    if not is_plane or not isinstance(targets, ClassTargets) or targets.labels.ndim > 1:
        return []
    finite = np.isfinite(points[:, 0]) & np.isfinite(points[:, 1])
    if height < MIN_HEIGHT or width < 30 or not finite.any():
        return []
    rows = int(height * _SHARE) - 3
    columns = min(width - _MARGIN - 1, rows * _MAX_WIDTH)
    axes_x, axes_y = (_range(points[finite, at]) for at in (0, 1))
    label = decimal_labels(*axes_x)
    ticks = nice_ticks(*axes_x, max(3, columns // 9))
    axes = Axes(*axes_x, *axes_y, decimal_labels(*axes_y), {tick: label(tick) for tick in ticks})
    marks = tick_rows(nice_ticks(*axes_y, max(3, rows // 3)), axes, rows)
    drawn: list[Row] = [_legend(view, targets, width)]
    for y, spans in enumerate(_cells(points, finite, targets, axes, columns, rows)):
        tick = marks.get(y)
        text = "" if tick is None else axes.format_value(tick)
        edge: Span = ("│" if tick is None else "┤", "faint")
        drawn.append(((rjust(text, _MARGIN), "muted"), edge, *spans))
    return [*drawn, *x_axis_rows(axes, _MARGIN, columns)]


def _range(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return pad_constant_range(low, high) or (low, high)


def _cells(
    points: Array, finite: Array, targets: ClassTargets, axes: Axes, width: int, height: int
) -> list[Row]:
    """Draw a point in a cell each; wrong ones are drawn last."""
    cells: list[list[Span]] = [[(" ", "text")] * width for _ in range(height)]
    wrong = targets.labels != targets.predictions
    for at in sorted(np.flatnonzero(finite).tolist(), key=lambda at: bool(wrong[at])):
        x = (float(points[at, 0]) - axes.start) / (axes.end - axes.start)
        y = (axes.top - float(points[at, 1])) / (axes.top - axes.bottom)
        place = round(y * (height - 1)), round(x * (width - 1))
        mark = "✗" if wrong[at] else "●"
        cells[place[0]][place[1]] = (mark, _role(int(targets.predictions[at])))
    return [merge_spans(spans) for spans in cells]


def _role(guess: int) -> Role:
    return "bad" if guess == NO_PREDICTION else group_role(guess)


def _legend(view: BatchView, targets: ClassTargets, width: int) -> Row:
    """Name the classes in their colors, as far as colors differ."""
    classes = sorted({*targets.labels.tolist(), *targets.predictions.tolist()} - {NO_PREDICTION})
    named: list[Span] = [
        (f"● {class_text(targets.class_names, number)}  ", _role(number))
        for number in classes[: len(GROUP_ROLES)]
    ]
    names = view.inputs.feature_names or ("0", "1")
    where = f"{names[1]} over {names[0]}; " if view.inputs.feature_names else ""
    long, short = "in the color of the prediction, ✗ wrong", "✗ wrong"
    return first_fitting(
        [
            (*named, (where + long, "muted")),
            (*named, (long, "muted")),
            (*named, (short, "muted")),
            (("● right, ✗ wrong", "muted"),),
        ],
        width,
    )
