"""The base of the dialogs that look ahead: at the next update, and at the learning rate to come."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from textual.app import ComposeResult

from tuitrain.app.renderables.charts.lr_forecast import LrForecast, settled_step
from tuitrain.app.widgets.charts.previews import LrForecastPanel, NextUpdate
from tuitrain.commands import AnyCommand, parse, to_text
from tuitrain.engines.lr_forecast import ScheduleCommand, forecast_rates
from tuitrain.errors import CommandError, RefusedError, TuitrainError
from tuitrain.run.snapshot import GroupView, Series, Snapshot

from .command_dialog import CommandDialog

RequestPreview: TypeAlias = Callable[[AnyCommand | None], None]
"""Asks the run for a preview; see `Source.preview`."""

_POINTS = 400
_MARGIN = 1.3
"""How much further than to where it settles a course is drawn."""

_MOST_GROUPS = 3


class PreviewDialog(CommandDialog):
    """A dialog that shows how far the next update would go before its command is sent.

    The run is asked without being waited for, and only once what is entered has stood still from
    one look at the run to the next.
    """

    def __init__(self, title: str, snapshot: Snapshot, ask: RequestPreview) -> None:
        super().__init__(title)
        self._snapshot = snapshot
        self._ask = ask
        self._entered = self._asked = ""

    def ahead(self) -> ComposeResult:
        """Compose the panel of the next update."""
        panel = NextUpdate()
        panel.snapshot = self._snapshot
        panel.styles.height = 1 + min(_MOST_GROUPS, len(self._snapshot.groups))
        yield panel

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the run's answer; ask it, if the entries have come to rest."""
        self._snapshot = snapshot
        try:
            command = self.command()
        except CommandError:
            return
        text = to_text(command)
        if text == self._entered and text != self._asked:
            self._asked = text
            self._ask(command)
        self._entered = text
        answer = snapshot.preview
        panel = self.query_one(NextUpdate)
        panel.snapshot = snapshot
        panel.show(answer if answer is not None and answer.command == text else None)

    def on_unmount(self) -> None:
        """Ask no more."""
        self._ask(None)


class RescheduleDialog(PreviewDialog):
    """A dialog that gives one group another learning rate, now or over time."""

    def __init__(
        self, title: str, group: GroupView, snapshot: Snapshot, ask: RequestPreview
    ) -> None:
        super().__init__(title, snapshot, ask)
        self._group = group
        self._opened_at = snapshot

    def ahead(self) -> ComposeResult:
        """Compose the curve to come, over the next update."""
        curve = LrForecastPanel()
        curve.snapshot = self._opened_at
        yield curve
        yield from super().ahead()

    def problem(self) -> str:
        """Say so when there is no such schedule."""
        try:
            self._look_ahead()
        except RefusedError as refusal:
            return str(refusal)
        return ""

    def preview(self) -> None:
        """Show the line and the curves."""
        super().preview()
        try:
            ahead = self._look_ahead()
        except TuitrainError:
            return
        self.query_one(LrForecastPanel).show(ahead)

    def _look_ahead(self) -> LrForecast:
        command = parse(self.line())
        assert isinstance(command, ScheduleCommand)
        return forecast_lr(self._group, self._opened_at, command)


def forecast_lr(group: GroupView, snapshot: Snapshot, command: ScheduleCommand) -> LrForecast:
    """Return a group's learning rate from now until it has settled, or the run ends.

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
