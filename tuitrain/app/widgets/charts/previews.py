"""The panels of a dialog that look ahead: the learning rate to come, and the next update."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.app.renderables.charts.lr_forecast import LrForecast, lr_forecast_rows
from tuitrain.app.renderables.rows import Row
from tuitrain.app.renderables.tables.update_preview import update_rows
from tuitrain.run.snapshot import Snapshot, UpdatePreview

from ..rows_view import RowsView


class LrForecastPanel(RowsView):
    """The learning rate from now on: as it is, and after the command."""

    def __init__(self) -> None:
        super().__init__(id="lr-curve")
        self._ahead: LrForecast | None = None

    def show(self, ahead: LrForecast) -> None:
        """Draw these courses."""
        self._ahead = ahead
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Plot what was shown last."""
        del snapshot
        return [] if self._ahead is None else lr_forecast_rows(self._ahead, room.width, room.height)


class NextUpdate(RowsView):
    """|Δw|/|w| of every group: of the last update, of the next, and of the next after a command."""

    def __init__(self) -> None:
        super().__init__(id="next-update")
        self._answer: UpdatePreview | None = None

    def show(self, answer: UpdatePreview | None) -> None:
        """Show an answer; None while there is none yet."""
        self._answer = answer
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the groups."""
        return update_rows(snapshot.groups, self._answer, room.width, room.height - 1)
