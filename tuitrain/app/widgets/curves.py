"""The charts: loss and accuracy over the steps, with the interventions in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from textual.geometry import Size

from tuitrain.app.renderables.formatting import percentage
from tuitrain.app.renderables.ghosts import ghosts, span_of
from tuitrain.app.renderables.marks import interventions
from tuitrain.app.renderables.plot import Axes, Curve, fixed, plot, power
from tuitrain.app.renderables.rows import Row
from tuitrain.run.snapshot import Series, Snapshot

from .rows_view import RowsView


class LossChart(RowsView):
    """The training loss of every step: the mean of each column over the spread of its steps."""

    BORDER_TITLE = "loss"

    def __init__(self) -> None:
        super().__init__(id="loss", classes="panel chart")
        self._logarithmic = False

    def toggle_scale(self) -> None:
        """Switch between a linear and a logarithmic axis."""
        self._logarithmic = not self._logarithmic
        self.border_title = "loss (log)" if self._logarithmic else "loss"
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Plot the curve, and name its last value in the border."""
        series = snapshot.loss
        self.border_subtitle = f"{series.values[-1]:.4g}" if len(series) else ""
        left = ghosts(snapshot.branches, "loss")
        if self._logarithmic:
            series = _log10(series)
            left = [replace(each, series=_log10(each.series)) for each in left]
        span = span_of(series, left)
        if span is None:
            return [(("no step yet", "muted"),)]
        bottom, top = span
        if top - bottom < 1e-9:
            bottom, top = bottom - 0.5, top + 0.5
        label = power if self._logarithmic else fixed(bottom, top)
        axes = Axes(0, _last_step(snapshot), bottom, top, label)
        return _plot(snapshot, [Curve(series, "curve", "band"), *left], axes, room)


class AccuracyChart(RowsView):
    """The accuracy on the test set at the end of every epoch."""

    BORDER_TITLE = "accuracy"

    def __init__(self) -> None:
        super().__init__(id="accuracy", classes="panel chart")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Plot the curve, and name its last value in the border."""
        series = snapshot.accuracy
        self.border_subtitle = percentage(float(series.values[-1])) if len(series) else ""
        left = ghosts(snapshot.branches, "accuracy")
        span = span_of(series, left)
        if span is None:
            return [(("measured at the end of each epoch", "muted"),)]
        bottom = max(0.0, min(span[0] - 0.01, 0.99))
        axes = Axes(0, _last_step(snapshot), bottom, 1.0, lambda value: f"{value * 100:.0f} %")
        return _plot(snapshot, [Curve(series, "curve-2"), *left], axes, room)


def _plot(snapshot: Snapshot, curves: list[Curve], axes: Axes, room: Size) -> Sequence[Row]:
    marks = interventions(snapshot.interventions, snapshot.groups)
    return plot(curves, axes, room.width, room.height, marks)


def _last_step(snapshot: Snapshot) -> int:
    """Return where the steps' axis ends: after a rewind, where the line that was left does."""
    return max(snapshot.step, 2, *(branch.tip for branch in snapshot.branches))


def _log10(series: Series) -> Series:
    with np.errstate(divide="ignore", invalid="ignore"):
        return Series(series.steps, np.log10(series.values))
