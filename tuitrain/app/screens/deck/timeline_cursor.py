"""The cursor of the timeline: the steps where it stops, and a rewind to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tuitrain.run.snapshot import Snapshot

from ...keys.keymap import key_label
from ...renderables.formatting import format_count
from ...renderables.timeline import adjacent_step, command_steps, cursor_row, cursor_stops
from ...widgets.charts.chart import Chart
from ...widgets.no_markup import Input
from ...widgets.tables.journal import Journal
from .command_sender import CommandSender
from .deck import Controller, Deck
from .history_actions import HistoryActions


class TimelineCursor(Controller):
    """Moves the cursor. Nothing is sent to the run until the user rewinds."""

    def __init__(self, deck: Deck, sender: CommandSender, history: HistoryActions) -> None:
        super().__init__(deck)
        self._sender = sender
        self._history = history

    @property
    def step(self) -> int | None:
        """The step of the cursor; None if there is no cursor."""
        cursor = self.deck.chart_view.cursor
        return None if cursor is None else round(cursor)

    @property
    def takes_enter(self) -> bool:
        """Whether enter rewinds: there is a cursor, and no field and no journal has the focus."""
        return self.step is not None and not isinstance(self.deck.focused, (Input, Journal))

    def move_to(self, step: int) -> None:
        """Move the cursor to a step."""
        self.deck.chart_view = self.deck.chart_view.place_cursor(step, self.deck.last_step)

    def remove(self) -> None:
        """Remove the cursor: the panels show the present."""
        self.deck.chart_view = replace(self.deck.chart_view, cursor=None)

    def action_earlier(self) -> None:
        """Move the cursor to the previous stop."""
        self._move(-1, cursor_stops)

    def action_later(self) -> None:
        """Move the cursor to the next stop; after the last one it is removed."""
        self._move(1, cursor_stops)

    def action_intervention(self, delta: int) -> None:
        """Move the cursor to the next command, or to the previous one."""
        self._move(delta, command_steps)

    def action_nudge(self, delta: int) -> None:
        """Move the cursor by a fiftieth of the shown steps, by at least one."""
        if self.step is None:
            self.action_toggle_cursor()
        self.deck.chart_view = self.deck.chart_view.move_cursor(delta, self.deck.last_step)

    def action_toggle_cursor(self) -> None:
        """Put the cursor to the newest step, or remove it."""
        now = None if self.deck.snapshot is None else self.deck.snapshot.step
        self.deck.chart_view = self.deck.chart_view.toggle_cursor(self.deck.last_step, now)

    def action_rewind_here(self) -> None:
        """Ask whether to rewind to the cursor's step."""
        snapshot, step = self._sender.snapshot_with_history(), self.step
        if snapshot is None or step is None or self._sender.lacks(snapshot.no_way_back):
            return
        if step > snapshot.step:
            where, now = format_count(step), format_count(snapshot.step)
            self.deck.status.show_text(
                f"step {where} is after the present branch, which is at step {now}", "warning"
            )
            return
        self._history.ask_for_rewind(snapshot, step)

    def show_position(self) -> None:
        """Show the step of the cursor in the groups table and the status line."""
        step = self.step
        if step == self.deck.table.shown_step:
            return
        self.deck.table.show_step(step)
        if step is None or self.deck.snapshot is None:
            self.deck.status.show_text("")
        else:
            key = key_label(self.deck.app, "rewind_here")
            self.deck.status.show_row(cursor_row(self.deck.snapshot, step, key))

    def follow_pointer(self, event: Chart.Pointed) -> None:
        """Move the cursor to a click in a chart, or zoom there with the wheel."""
        view, last = self.deck.chart_view, self.deck.last_step
        start, end = view.window(last)
        step = start + event.share * (end - start)
        if event.zoom is None:
            self.move_to(self._snap(round(step), event.cell * (end - start)))
        else:
            self.deck.chart_view = view.zoom(event.zoom, last, step)

    def _move(self, delta: int, stops_of: Callable[[Snapshot], list[int]]) -> None:
        if (snapshot := self.deck.snapshot) is None:
            return
        start = snapshot.step if self.step is None else self.step
        target = adjacent_step(stops_of(snapshot), start, delta)
        if target is not None:
            self.move_to(target)
        elif delta > 0 and self.step is not None:
            self.remove()
        else:
            where = "before" if delta < 0 else "after"
            self.deck.status.show_text(f"nothing {where} that", "warning")

    def _snap(self, step: int, distance: float) -> int:
        """Return the nearest command's step, if it is within a distance of a step."""
        steps = [] if self.deck.snapshot is None else command_steps(self.deck.snapshot)
        nearest = min(steps, key=lambda candidate: abs(candidate - step), default=step)
        return nearest if abs(nearest - step) <= distance else step
