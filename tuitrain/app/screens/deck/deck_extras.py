"""What is around the deck: the log, the settings, the tour, the clipboard, the terminal's size."""

from __future__ import annotations

from typing import Any, Final

from textual.events import Resize

from tuitrain.app.clipboard import entry_text, row_text, step_text
from tuitrain.app.keys.keymap import key_label
from tuitrain.app.renderables.rows import ellipsize, plain_text
from tuitrain.app.widgets.charts.chart import Chart
from tuitrain.app.widgets.no_markup import Static
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.app.widgets.tour import TourPanel

from ..log import LogScreen
from ..settings import SettingsScreen
from .row_selection import Choosing

LEAST: Final = (80, 24)
"""Columns and rows that show everything."""


TINY: Final = 18
"""Rows; with fewer there is room for one panel."""


class Surroundings(Choosing):
    """Acts that leave the run alone, and concern whoever sits before it."""

    _copied: tuple[str, str] | None = None
    """What was copied last, and the answer that stood below before."""

    @property
    def tour(self) -> TourPanel:
        """The tour's panel."""
        return self.query_one(TourPanel)

    def action_log(self) -> None:
        """Open the log."""
        if self.snapshot is not None:
            self.app.push_screen(LogScreen(self.snapshot))

    def action_settings(self) -> None:
        """Open the settings, which are the application's."""
        app: Any = self.app
        self.app.push_screen(
            SettingsScreen(app.config, list(self.app.available_themes), app.configure)
        )

    def action_tour(self) -> None:
        """Begin the tour, or end it."""
        if self.tour.active:
            self.tour.stop()
        else:
            self.tour.start()

    def action_copy(self) -> None:
        """Copy what is selected; asked for once more, the last answer."""
        text = self._selected_text()
        if text is None:
            self.status.show_text("nothing to copy yet", "warning")
            return
        said = plain_text(self.status.message)
        answer = self._copied[1] if self._copied and said == self._copied[0] else ""
        if answer:
            text = answer
        self.app.copy_to_clipboard(text)
        first = text.partition("\n")[0]
        again = "" if answer else f"   {key_label(self.app, 'copy')} once more: the last answer"
        self.status.show_row(
            (("✓ ", "good"), (f"copied: {ellipsize(first, 60)}", "strong"), (again, "muted"))
        )
        self._copied = (plain_text(self.status.message), "" if answer else said)

    def _selected_text(self) -> str | None:
        """Return the text of what has the focus, or of the cursor's step in the charts."""
        snapshot, cross = self.snapshot, self.chart_view.cross
        if snapshot is None:
            return None
        if isinstance(self.focused, Journal):
            entry = self.focused.selected
            return None if entry is None else entry_text(entry)
        if cross is not None or isinstance(self.focused, Chart):
            shown = [each.metric for each in self.query(Chart) if each.room.area]
            return step_text(snapshot, shown, snapshot.step if cross is None else round(cross))
        return None if self.selected is None else row_text(snapshot, self.selected)

    def on_resize(self, event: Resize) -> None:
        """Say so where the terminal is too small for all of it."""
        small = event.size.width < LEAST[0] or event.size.height < LEAST[1]
        self.set_class(event.size.height < TINY, "-tiny")
        hint = self.query_one("#size-hint", Static)
        hint.display = small
        hint.update(
            f"{LEAST[0]}x{LEAST[1]} shows all of it; this is {event.size.width}x{event.size.height}"
        )

    def on_groups_table_badge(self, event: GroupsTable.Badge) -> None:
        """Freeze or thaw the row whose badge was clicked."""
        del event
        self.action_toggle_freeze()
