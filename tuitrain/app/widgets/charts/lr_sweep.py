"""The panels of a learning-rate sweep: loss curves, loss over learning rate, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive

from tuitrain.run.snapshot import LrSweep, Snapshot

from ...renderables.charts.lr_sweep import (
    SweepCandidate,
    best_index,
    lr_finder_rows,
    sweep_candidates,
    sweep_curve_rows,
    sweep_table_rows,
)
from ...renderables.rows import Row
from ..row_cursor import RowCursor
from ..rows_view import RowsView


class SweepPanel(RowsView):
    """The base of the panels of one sweep, in which one candidate is chosen."""

    chosen: reactive[int] = reactive(0, init=False, repaint=False)
    """The index of the chosen candidate."""

    def __init__(self, sweep: LrSweep, *, id: str, classes: str = "") -> None:
        super().__init__(id=id, classes=classes)
        self._sweep = sweep

    def candidates(self, snapshot: Snapshot) -> list[SweepCandidate]:
        """Return the candidates with their results in a snapshot."""
        return sweep_candidates(snapshot, self._sweep)

    def watch_chosen(self) -> None:
        """Redraw the chosen candidate."""
        self.redraw()


class SweepCurves(SweepPanel):
    """The losses of all candidates over the steps."""

    BORDER_TITLE = "loss"

    def __init__(self, sweep: LrSweep) -> None:
        super().__init__(sweep, id="tried-curves", classes="panel")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Plot the losses."""
        return sweep_curve_rows(self.candidates(snapshot), self.chosen, room.width, room.height)


class LrFinder(SweepPanel):
    """The final loss over the learning rate."""

    BORDER_TITLE = "loss at the end, by lr"

    def __init__(self, sweep: LrSweep) -> None:
        super().__init__(sweep, id="tried-finder", classes="panel")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Plot the final losses."""
        return lr_finder_rows(self.candidates(snapshot), self.chosen, room.width, room.height)


class SweepTable(SweepPanel, RowCursor, can_focus=True):
    """The table of the results; its cursor chooses a candidate."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tried-cursor"}

    @dataclass
    class Chosen(Message):
        """Another candidate was chosen."""

        place: int

    def __init__(self, sweep: LrSweep) -> None:
        super().__init__(sweep, id="tried-table")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the candidates."""
        return sweep_table_rows(self.candidates(snapshot), self._sweep, room.width)

    def row_style(self, y: int) -> Style | None:
        """Mark the chosen row."""
        if y != self.chosen + 1:
            return None
        return self.cursor_style("tried-cursor")

    def choose(self, place: int) -> None:
        """Choose a candidate, and scroll to it."""
        before = self.chosen
        self.chosen = max(0, min(place, len(self._sweep.candidates) - 1))
        for at in (before, self.chosen):
            self.refresh_line(at + 1)
        self.scroll_to_region_of(self.chosen + 1)
        self.post_message(self.Chosen(self.chosen))

    def choose_best(self) -> None:
        """Choose the candidate with the lowest loss."""
        if self.snapshot is not None:
            self.choose(best_index(self.candidates(self.snapshot)))

    def scroll_to_region_of(self, y: int) -> None:
        """Scroll so that a row is visible."""
        top, height = self.scroll_offset.y, self.room.height
        if y < top:
            self.scroll_to(y=max(0, y - 1), animate=False)
        elif height and y >= top + height:
            self.scroll_to(y=y + 1 - height, animate=False)

    def on_click(self, event: Click) -> None:
        """Choose the row under the pointer."""
        self.choose(event.get_content_offset_capture(self).y + self.scroll_offset.y - 1)

    def action_move(self, delta: int) -> None:
        """Choose another candidate."""
        self.choose(self.chosen + delta)
