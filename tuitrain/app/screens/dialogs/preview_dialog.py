"""The bases of dialogs that preview the next update and the future learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from textual.app import ComposeResult

from tuitrain.commands import AnyCommand, AutoLr, parse, to_text
from tuitrain.engines.lr_forecast import ScheduleCommand, forecast_rates
from tuitrain.errors import CommandError, RefusedError, TuitrainError
from tuitrain.run.snapshot import GroupView, Series, Snapshot

from ...renderables.charts.lr_forecast import LrForecast, settled_step
from ...widgets.charts.previews import LrForecastPanel, NextUpdate
from .command_dialog import CommandDialog

RequestPreview: TypeAlias = Callable[[AnyCommand | None], None]
"""Requests a preview from the run; see `Source.preview`."""

_POINTS = 400
_MARGIN = 1.3
"""A curve is drawn this much longer than until it is constant."""

_MAX_GROUPS = 3


class PreviewDialog(CommandDialog):
    """A dialog that shows the size of the next update before its command is sent.

    The preview is requested without waiting, and only when the entries did not change between two
    snapshots.
    """

    def __init__(self, title: str, snapshot: Snapshot, request_preview: RequestPreview) -> None:
        super().__init__(title)
        self._snapshot = snapshot
        self._request_preview = request_preview
        self._entered_text = self._requested_text = ""

    def compose_preview(self) -> ComposeResult:
        """Compose the panel of the next update."""
        panel = NextUpdate()
        panel.snapshot = self._snapshot
        panel.styles.height = 1 + min(_MAX_GROUPS, len(self._snapshot.groups))
        yield panel

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the run's preview; request one if the entries no longer change."""
        self._snapshot = snapshot
        try:
            command = self.command()
        except CommandError:
            return
        text = to_text(command)
        if text == self._entered_text and text != self._requested_text:
            self._requested_text = text
            self._request_preview(command)
        self._entered_text = text
        answer = snapshot.preview
        panel = self.query_one(NextUpdate)
        panel.snapshot = snapshot
        panel.show(answer if answer is not None and answer.command == text else None)

    def on_unmount(self) -> None:
        """End the request."""
        self._request_preview(None)


class RescheduleDialog(PreviewDialog):
    """A dialog that changes one group's learning rate or schedule."""

    def __init__(
        self, title: str, group: GroupView, snapshot: Snapshot, request_preview: RequestPreview
    ) -> None:
        super().__init__(title, snapshot, request_preview)
        self._group = group
        self._opened_at = snapshot

    def compose_preview(self) -> ComposeResult:
        """Compose the future learning rate above the next update."""
        curve = LrForecastPanel()
        curve.snapshot = self._opened_at
        yield curve
        yield from super().compose_preview()

    def problem(self) -> str:
        """Return why the schedule is invalid."""
        try:
            self._forecast()
        except RefusedError as refusal:
            return str(refusal)
        return ""

    def show_command(self) -> None:
        """Show the command and the curves."""
        super().show_command()
        try:
            forecast = self._forecast()
        except TuitrainError:
            return
        if forecast is not None:
            self.query_one(LrForecastPanel).show(forecast)

    def _forecast(self) -> LrForecast | None:
        """Return the coming learning rates; None if only the script knows them."""
        command = parse(self.command_text())
        if isinstance(command, AutoLr):
            return None
        assert isinstance(command, ScheduleCommand)
        return forecast_lr(self._group, self._opened_at, command)


def forecast_lr(group: GroupView, snapshot: Snapshot, command: ScheduleCommand) -> LrForecast:
    """Return a group's learning rate from now until it is constant, or until the run ends.

    Raises
    ------
    RefusedError : a value of the command is out of range
    """
    first = snapshot.step
    last = max(first, snapshot.info.total_steps - 1)
    per_epoch = max(1, snapshot.info.steps_per_epoch)

    def over(end: int, ends: tuple[float, float]) -> LrForecast:
        steps = np.unique(np.linspace(first, end, _POINTS).astype(np.int64))
        now = forecast_rates(group, steps.tolist())
        then = forecast_rates(group, steps.tolist(), command, first, per_epoch)
        return LrForecast(Series(steps, np.array(now)), Series(steps, np.array(then)), ends)

    whole = over(last, (math.nan, math.nan))
    ends = float(whole.current.values[-1]), float(whole.proposed.values[-1])
    return over(min(last, first + round((settled_step(whole) - first) * _MARGIN)), ends)
