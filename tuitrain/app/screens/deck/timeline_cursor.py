"""The cursor of the timeline: where it may stand, what is said there, and the way back to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual import on

from tuitrain.app.keys.keymap import key_label
from tuitrain.app.renderables.formatting import format_count
from tuitrain.app.renderables.timeline import adjacent_step, command_steps, cursor_row, cursor_stops
from tuitrain.app.widgets.charts.chart import Chart
from tuitrain.app.widgets.no_markup import Input
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.commands import AnyCommand
from tuitrain.run.snapshot import Actor, Snapshot

from ..dialogs.rewind import RewindDialog
from .chart_actions import Charting
from .command_sender import GOES_BACK


class Scrubbing(Charting):
    """The acts that move the cursor. Nothing is asked of the run until one rewinds."""

    @property
    def table(self) -> GroupsTable:
        """The groups table."""
        return self.query_one(GroupsTable)

    def action_earlier(self) -> None:
        """Move the cursor to the place before."""
        self._move(-1, cursor_stops)

    def action_later(self) -> None:
        """Move the cursor to the place after; behind the last one is now, and no cursor."""
        self._move(1, cursor_stops)

    def action_intervention(self, by: int) -> None:
        """Move the cursor to the next command, either way."""
        self._move(by, command_steps)

    def action_nudge(self, by: int) -> None:
        """Move the cursor by a fiftieth of what the charts show, a step at least."""
        if self.chart_view.cross is None:
            self.action_cross_hair()
        self.chart_view = self.chart_view.move_crosshair(by, self._last)

    def action_rewind_here(self) -> None:
        """Ask whether to rewind to the cursor's step."""
        snapshot, step = self._past(), self.chart_view.cross
        if snapshot is None or step is None:
            return
        if round(step) > snapshot.step:
            there, now = format_count(round(step)), format_count(snapshot.step)
            self.status.show_text(
                f"step {there} is after the present line, which is at step {now}", "warning"
            )
            return
        self._ask(RewindDialog(lambda: self.snapshot or snapshot, round(step)))

    def submit(self, command: AnyCommand, actor: Actor) -> None:
        """Hand a command over; whoever goes back stands at now again."""
        super().submit(command, actor)
        if isinstance(command, GOES_BACK) and not self.read_only:
            said = self.status.message
            self.chart_view = replace(self.chart_view, cross=None)
            self.status.show_row(said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Rewind to the cursor only while there is one, and nothing is typed."""
        if action == "rewind_here":
            typing = isinstance(self.focused, (Input, Journal))
            return self.chart_view.cross is not None and not typing
        return super().check_action(action, parameters)

    def stand_at(self, step: int) -> None:
        """Put the cursor to a step."""
        self.chart_view = self.chart_view.place_crosshair(step, self._last)

    def watch_chart_view(self) -> None:
        """Say where the cursor stands, in the groups table too."""
        super().watch_chart_view()
        cross = self.chart_view.cross
        step = None if cross is None else round(cross)
        if step != self.table.shown_step:
            self.table.show_step(step)
            self._say_where(step)

    def _say_where(self, step: int | None) -> None:
        if step is None or self.snapshot is None:
            self.status.show_text("")
        else:
            key = key_label(self.app, "rewind_here")
            self.status.show_row(cursor_row(self.snapshot, step, key))

    def _move(self, by: int, where: Callable[[Snapshot], list[int]]) -> None:
        if (snapshot := self.snapshot) is None:
            return
        cross = self.chart_view.cross
        found = adjacent_step(where(snapshot), snapshot.step if cross is None else round(cross), by)
        if found is not None:
            self.stand_at(found)
        elif by > 0 and cross is not None:
            self.chart_view = replace(self.chart_view, cross=None)
        else:
            self.status.show_text(f"nothing {'before' if by < 0 else 'after'} that", "warning")

    @on(Journal.Chosen)
    def _go_to_entry(self, event: Journal.Chosen) -> None:
        self.stand_at(event.entry.step)

    @on(Chart.Pointed)
    def _point(self, event: Chart.Pointed) -> None:
        start, end = self.chart_view.window(self._last)
        step = start + event.share * (end - start)
        if event.zoom is None:
            self.stand_at(self._snapped(round(step), event.cell * (end - start)))
        else:
            self.chart_view = self.chart_view.zoom(event.zoom, self._last, step)

    def _snapped(self, step: int, within: float) -> int:
        """Return the command's step that was meant, if one is as near as that."""
        marks = [] if self.snapshot is None else command_steps(self.snapshot)
        near = min(marks, key=lambda each: abs(each - step), default=step)
        return near if abs(near - step) <= within else step
