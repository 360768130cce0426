"""The keys that leave the run alone: log, ranks, settings, tour, clipboard; the terminal's size."""

from __future__ import annotations

from typing import Any, Final

from textual.geometry import Size

from tuitrain.run.snapshot import Phase

from ...clipboard import entry_text, row_text, step_text
from ...keys.keymap import key_label
from ...renderables.rows import ellipsize, plain_text
from ...renderables.tables.ranks import ONE_PROCESS, STARTING
from ...widgets.charts.chart import Chart
from ...widgets.no_markup import Static
from ...widgets.tables.journal import Journal
from ...widgets.tour import TourPanel
from ..log import LogScreen
from ..ranks import RanksScreen
from ..settings import SettingsScreen
from .deck import Controller, Deck
from .first_flight import FirstFlight
from .row_selection import RowSelection

MIN_SIZE: Final = (80, 24)
"""Columns and rows that show everything."""

TINY_ROWS: Final = 18
"""With fewer rows there is room for one panel."""


class UtilityActions(Controller):
    """Log, ranks, settings, tour and clipboard."""

    def __init__(self, deck: Deck, selection: RowSelection, first_flight: FirstFlight) -> None:
        super().__init__(deck)
        self._first_flight = first_flight
        self._selection = selection
        self._last_copy: tuple[str, str] | None = None
        """The text of the status line after the last copy, and before it."""

    @property
    def tour(self) -> TourPanel:
        """The tour's panel."""
        return self.deck.query_one(TourPanel)

    def action_log(self) -> None:
        """Open the log."""
        if self.deck.snapshot is not None:
            self.deck.app.push_screen(LogScreen(self.deck.snapshot))

    def action_ranks(self) -> None:
        """Open the table of the ranks; of a training in one process say that it has one."""
        snapshot = self.deck.snapshot
        if snapshot is None or snapshot.phase is Phase.STARTING:
            self.deck.status.show_text(STARTING)
        elif snapshot.ranks:
            self.deck.app.push_screen(RanksScreen(snapshot))
        else:
            self.deck.status.show_text(ONE_PROCESS)

    def action_settings(self) -> None:
        """Open the app's settings."""
        app: Any = self.deck.app
        app.push_screen(SettingsScreen(app.config, list(app.available_themes), app.configure))

    def action_tour(self) -> None:
        """Begin the tour, or go to its next step."""
        if self.tour.active:
            self.tour.skip()
        else:
            self.start_tour()

    def start_tour(self) -> None:
        """Begin the tour of this run."""
        self.tour.start(self._first_flight.tour_steps, self.deck.read_only)

    def action_copy(self) -> None:
        """Copy the selection; the second time, the reply shown before."""
        status = self.deck.status
        text = self._selected_text()
        if text is None:
            status.show_text("nothing to copy yet", "warning")
            return
        shown = plain_text(status.message)
        reply = self._last_copy[1] if self._last_copy and shown == self._last_copy[0] else ""
        text = reply or text
        self.deck.app.copy_to_clipboard(text)
        key = key_label(self.deck.app, "copy")
        first = ellipsize(text.partition("\n")[0], 60)
        hint = "" if reply else f"   {key} once more: the last answer"
        status.show_row((("✓ ", "good"), (f"copied: {first}", "strong"), (hint, "muted")))
        self._last_copy = (plain_text(status.message), "" if reply else shown)

    def show_size(self, size: Size) -> None:
        """Show a hint where the terminal is too small to show everything."""
        is_tiny = size.height < TINY_ROWS
        self.deck.set_class(is_tiny, "-tiny")
        self.deck.set_class(not is_tiny and size.height < MIN_SIZE[1], "-low")
        self.deck.set_class(size.width < MIN_SIZE[0], "-slim")
        hint = self.deck.query_one("#size-hint", Static)
        hint.display = size.width < MIN_SIZE[0] or size.height < MIN_SIZE[1]
        hint.update(
            f"{MIN_SIZE[0]}x{MIN_SIZE[1]} shows all of it; this is {size.width}x{size.height}"
        )

    def _selected_text(self) -> str | None:
        """Return the text of the focused panel's selection, or the values at the cursor."""
        snapshot, focused = self.deck.snapshot, self.deck.focused
        if snapshot is None:
            return None
        if isinstance(focused, Journal):
            return None if focused.selected is None else entry_text(focused.selected)
        cursor = self.deck.chart_view.cursor
        if cursor is not None or isinstance(focused, Chart):
            metrics = [chart.metric for chart in self.deck.visible_charts]
            step = snapshot.step if cursor is None else round(cursor)
            return step_text(snapshot, metrics, step)
        row = self._selection.selected
        return None if row is None else row_text(snapshot, row)
