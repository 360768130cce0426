"""The previews in dialogs: the future learning rate, and the next update."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.run.snapshot import Snapshot, UpdatePreview

from ...renderables.charts.lr_forecast import LrForecast, lr_forecast_rows
from ...renderables.rows import Row
from ...renderables.tables.update_preview import update_rows
from ..rows_view import RowsView


class LrForecastPanel(RowsView):
    """The future learning rate, without and with the command."""

    def __init__(self) -> None:
        super().__init__(id="lr-curve")
        self._forecast: LrForecast | None = None

    def show(self, forecast: LrForecast) -> None:
        """Show a forecast."""
        self._forecast = forecast
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Plot the forecast."""
        del snapshot
        return (
            []
            if self._forecast is None
            else lr_forecast_rows(self._forecast, room.width, room.height)
        )


class NextUpdate(RowsView):
    """|Δw|/|w| of each group: the last update, and the next one without and with the command."""

    def __init__(self) -> None:
        super().__init__(id="next-update")
        self._preview: UpdatePreview | None = None

    def show(self, preview: UpdatePreview | None) -> None:
        """Show a preview; None until the run has replied."""
        self._preview = preview
        self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the groups."""
        return update_rows(snapshot.groups, self._preview, room.width, room.height - 1)
