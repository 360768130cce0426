"""The chart of a metric over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.events import Click, MouseEvent, MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from tuitrain.run.snapshot import Snapshot

from ...renderables.charts.chart import draw_chart
from ...renderables.charts.chart_view import ChartView
from ...renderables.charts.metrics import Metric
from ...renderables.rows import Row
from ..rows_view import RowsView


class Chart(RowsView, can_focus=True):
    """A chart of one metric; all charts of a screen have the same view."""

    chart_view: reactive[ChartView] = reactive(ChartView(), init=False, repaint=False)
    """The part of the run that is shown, and how."""

    @dataclass
    class Pointed(Message):
        """The user pointed at a chart with the mouse.

        Attributes
        ----------
        share : the place of the pointer, as a share of the plot's width
        zoom : the factor for the number of steps in view; None to put the cursor there
        cell : the width of a cell, as a share of the plot's width
        """

        share: float
        zoom: float | None
        cell: float = 0.0

    def __init__(self, metric: Metric, id: str, turn: int | None = None) -> None:
        super().__init__(id=id, classes="panel chart")
        self.metric = metric
        self.own_turn = turn
        self.margin_cells = 0
        """Cells at the left of the plot, for the labels of its axis."""

    def show(self, metric: Metric) -> None:
        """Show another metric."""
        self.metric = metric
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the chart, with its values in the border."""
        image = draw_chart(snapshot, self.metric, self.chart_view, room.width, room.height)
        self.set_border_texts(image.title, image.subtitle)
        self.margin_cells = image.margin
        return image.rows

    def watch_chart_view(self) -> None:
        """Redraw the new view."""
        self.redraw()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in at the pointer."""
        self._point(event, 0.8)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out at the pointer."""
        self._point(event, 1.25)

    def on_click(self, event: Click) -> None:
        """Put the cursor at the pointer."""
        self._point(event, None)

    def _point(self, event: MouseEvent, zoom: float | None) -> None:
        event.stop()
        width = self.room.width - self.margin_cells
        at = event.get_content_offset_capture(self).x - self.margin_cells
        if self.margin_cells and width > 1 and at >= 0:
            self.post_message(self.Pointed(min(1.0, at / (width - 1)), zoom, 1 / (width - 1)))
