"""The keys for moving about: panels, help, holding the display, leaving."""

from __future__ import annotations

from textual.widget import Widget

from tuitrain.run.snapshot import Phase

from ...widgets.header import RunHeader
from ...widgets.status_line import StatusLine
from ...widgets.tables.journal import Journal
from ..dialogs.leave import LeaveDialog, Leaving
from ..help import HelpScreen
from .command_sender import CommandSender
from .deck import ENDS_WITH_SCREEN, Controller, Deck
from .row_selection import RowSelection
from .timeline_cursor import TimelineCursor
from .utility_actions import UtilityActions


class Navigation(Controller):
    """Moves the focus, opens the help and leaves the app."""

    def __init__(
        self,
        deck: Deck,
        sender: CommandSender,
        selection: RowSelection,
        cursor: TimelineCursor,
        utilities: UtilityActions,
    ) -> None:
        super().__init__(deck)
        self._sender = sender
        self._selection = selection
        self._cursor = cursor
        self._utilities = utilities

    def action_help(self) -> None:
        """Open the help."""
        self.deck.app.push_screen(HelpScreen())

    def action_next_panel(self) -> None:
        """Focus the next panel: groups, journal, charts."""
        journal = self.deck.query_one(Journal)
        panels: list[Widget] = [self.deck.table, journal, *self.deck.visible_charts]
        focused = self.deck.focused
        at = panels.index(focused) if focused in panels else -1
        panel = panels[(at + 1) % len(panels)]
        self.deck.set_class(panel is journal, "-journal")
        panel.focus()

    def action_leave(self) -> None:
        """End the tour; without one, return to the groups and to the present."""
        if self._utilities.tour.active:
            self._utilities.tour.stop()
            return
        self.deck.remove_class("-journal")
        self._cursor.remove()
        self._selection.reset()
        self.deck.table.focus()
        self.deck.status.show_text("")

    def action_hold(self) -> None:
        """Hold the display, or follow the run again; the run continues in both cases."""
        deck = self.deck
        deck.held = not deck.held
        text = "the display is held, training continues: p releases it" if deck.held else ""
        deck.status.show_text(text, "warning")

    def show_hold(self) -> None:
        """Show in the header whether the display is held."""
        self.deck.query_one(RunHeader).set_stalled(self.deck.held)

    def action_quit(self) -> None:
        """Leave; while the run is not over, ask first whether it continues."""
        snapshot = self.deck.snapshot
        if snapshot is None or snapshot.phase.ended:
            self.deck.app.exit()
            return
        problem = self.deck.detach_problem()
        if problem or snapshot.phase is Phase.STARTING:
            self._sender.confirm("Leave", problem or ENDS_WITH_SCREEN, self.leave)
            return
        question = f"Leave the run {snapshot.info.name}?"
        self.deck.app.push_screen(LeaveDialog(question), self._leave_as)

    def _leave_as(self, how: Leaving | None) -> None:
        if how is not None:
            self.deck.detaches = how == "detach"
            self.leave()

    def leave(self) -> None:
        """Leave. The app waits for the run's thread, which takes seconds while kernels compile."""
        text = "detaching the run…" if self.deck.detaches else "ending the run…"
        for status in self.deck.query(StatusLine):  # a screen that has a fault may have none
            status.show_text(text, "warning")
        self.deck.call_after_refresh(self.deck.app.exit)
