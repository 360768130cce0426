"""The charts: what is measured over the steps, with the interventions in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.events import Click, MouseEvent, MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from tuitrain.app.renderables.charts.chart import draw_chart
from tuitrain.app.renderables.charts.chart_view import ChartView
from tuitrain.app.renderables.charts.metrics import Metric
from tuitrain.app.renderables.rows import Row
from tuitrain.run.snapshot import Snapshot

from ..rows_view import RowsView


class Chart(RowsView, can_focus=True):
    """Shows one quantity; what part of the run, all charts have in common."""

    chart_view: reactive[ChartView] = reactive(ChartView(), init=False, repaint=False)
    """What part of the run is shown, and how."""

    @dataclass
    class Pointed(Message):
        """Somebody points at a chart: at a share of its width, to zoom or to read a value.

        ``cell`` is the share of one cell; ``zoom`` is how many times as many steps shall be shown;
        None puts the cursor there.
        """

        share: float
        zoom: float | None
        cell: float = 0.0

    def __init__(self, quantity: Metric, id: str, turn: int | None = None) -> None:
        super().__init__(id=id, classes="panel chart")
        self.metric = quantity
        self.own_turn = turn
        self.margin_cells = 0
        """Cells at the left of the plot, for the labels of its axis."""

    @property
    def axis_width(self) -> int:
        """The columns that the vertical axis takes, left of the curves."""
        return self._margin

    def show(self, quantity: Metric) -> None:
        """Show another quantity."""
        self.metric = quantity
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the chart, and name its values in the border."""
        drawn = draw_chart(snapshot, self.metric, self.chart_view, room.width, room.height)
        self.set_border_texts(drawn.title, drawn.subtitle)
        self.margin_cells = drawn.margin
        return drawn.rows

    def watch_chart_view(self) -> None:
        """Draw what is in view now."""
        self.redraw()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in with the wheel, to where the pointer is."""
        self._point(event, 0.8)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out with the wheel."""
        self._point(event, 1.25)

    def on_click(self, event: Click) -> None:
        """Read the values under the pointer."""
        self._point(event, None)

    def _point(self, event: MouseEvent, zoom: float | None) -> None:
        event.stop()
        width = self.room.width - self.margin_cells
        at = event.get_content_offset_capture(self).x - self.margin_cells
        if self.margin_cells and width > 1 and at >= 0:
            self.post_message(self.Pointed(min(1.0, at / (width - 1)), zoom, 1 / (width - 1)))
