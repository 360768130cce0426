"""The bases of dialogs that preview the next update and the future learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from textual.app import ComposeResult

from tuitrain.commands import AnyCommand, AutoLr, parse, to_text
from tuitrain.engines.lr_forecast import ScheduleCommand, forecast_end, forecast_rates
from tuitrain.engines.views import SCRIPT_SCHEDULE
from tuitrain.errors import CommandError, RefusedError, TuitrainError
from tuitrain.run.snapshot import GroupView, Series, Snapshot

from ...framework.content import literal
from ...renderables.charts.lr_forecast import LrForecast, settled_step
from ...widgets.charts.previews import LrForecastPanel, NextUpdate
from ...widgets.no_markup import Static
from .command_dialog import CommandDialog

RequestPreview: TypeAlias = Callable[[AnyCommand | None], None]
"""Requests a preview from the run; see `Source.preview`."""

_POINTS = 400
"""Points of a curve: more than a dialog has columns."""

_MARGIN = 1.3
"""A curve is drawn this much longer than until it is constant."""

OPEN_STEPS: Final = 2000
"""Steps of a run without a known length that are drawn, and that schedules take by default."""

_MAX_GROUPS = 3
"""Groups whose next update is shown; a dialog has no room for more at 80x24."""


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
        """Compose the future learning rate above the next update.

        Above both is a note about a script's own schedule, which ends with any command that sets
        the lr, also with a factor.
        """
        if self._group.schedule == SCRIPT_SCHEDULE:
            yield Static(id="script-schedule")
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
        for note in self.query("#script-schedule").results(Static):
            self._show_script_note(note)
        try:
            forecast = self._forecast()
        except TuitrainError:
            return
        if forecast is not None:
            self.query_one(LrForecastPanel).show(forecast)

    def _show_script_note(self, note: Static) -> None:
        """Show whether the command ends the schedule of the script."""
        try:
            gives_back = isinstance(self.command(), AutoLr)
        except CommandError:
            gives_back = False
        name = self._group.name
        note.set_class(not gives_back, "ends")
        note.update(
            literal(
                "the script continues to set it"
                if gives_back
                else f"⚠ this ends the script's schedule; `lr {name} auto` gives it back"
            )
        )

    def _forecast(self) -> LrForecast | None:
        """Return the coming learning rates; None if only the script knows them."""
        command = parse(self.command_text())
        if isinstance(command, AutoLr):
            return None
        assert isinstance(command, ScheduleCommand)
        return forecast_lr(self._group, self._opened_at, command)


def forecast_lr(group: GroupView, snapshot: Snapshot, command: ScheduleCommand) -> LrForecast:
    """Return a group's learning rate from now until it is constant, or until the run ends.

    In a run without a known length it is that of at least `OPEN_STEPS` steps.

    Raises
    ------
    RefusedError : a value of the command is out of range
    """
    info, first = snapshot.info, snapshot.step
    per_epoch = max(1, info.steps_per_epoch)
    is_scripts = group.schedule == SCRIPT_SCHEDULE

    def over(end: int) -> LrForecast:
        steps = np.unique(np.linspace(first, end, _POINTS).astype(np.int64))
        now = np.array(forecast_rates(group, steps.tolist()))
        if is_scripts:
            now.fill(math.nan)
        then = np.array(forecast_rates(group, steps.tolist(), command, first, per_epoch))
        ends = float(now[-1]), float(then[-1])
        return LrForecast(Series(steps, now), Series(steps, then), ends)

    if info.is_open:
        ends = (forecast_end(group), forecast_end(group, command, first, per_epoch))
        left = max(OPEN_STEPS, round((max(ends) - first) * _MARGIN))
        last = min(first + left, info.total_steps - 1)
        return replace(over(last), last_step=last)
    whole = over(max(first, info.total_steps - 1))
    settled = first + round((settled_step(whole) - first) * _MARGIN)
    return replace(over(min(int(whole.proposed.steps[-1]), settled)), final=whole.final)
