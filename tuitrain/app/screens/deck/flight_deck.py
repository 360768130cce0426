"""The main screen: shows a run, and names its keys. What the keys ask for is in `acts`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.reactive import reactive
from textual.widget import Widget

from tuitrain.app.completion import usage
from tuitrain.app.keys import Key, deck_bindings
from tuitrain.app.keys.keymap import key_table_of
from tuitrain.app.renderables.footer import Hint
from tuitrain.app.renderables.tables.groups import TableRow
from tuitrain.app.renderables.tables.journal import reply_row
from tuitrain.app.source import Source
from tuitrain.app.widgets.banner import Banner
from tuitrain.app.widgets.charts.chart import Chart
from tuitrain.app.widgets.footer import KeyFooter
from tuitrain.app.widgets.header import RunHeader
from tuitrain.app.widgets.inputs.command_line import CommandInput, CommandLine
from tuitrain.app.widgets.inputs.filter_line import FilterLine
from tuitrain.app.widgets.no_markup import Container, Input, Static
from tuitrain.app.widgets.parameter import ParameterPanel
from tuitrain.app.widgets.status_line import StatusLine
from tuitrain.app.widgets.tables.groups import GroupsTable
from tuitrain.app.widgets.tables.journal import Journal
from tuitrain.app.widgets.tour import TourPanel
from tuitrain.run.snapshot import JournalEntry, Phase, Snapshot

from ..dialogs.what_if import WhatIfDialog
from ..help import HelpScreen
from .deck_extras import Surroundings

_ALWAYS_ACT = ("help", "quit", "app.command_palette", "earlier", "rewind_here")
_ONLY_LOOK = ("branch", "what_if")
"""They can send a command, and show something even where it would be refused."""
_ACT_UNLESS_FAILED = ("undo", "redo", "rewind", "keep", "branch", "command", "what_if", "save")


class FlightDeck(Surroundings):
    """Header, groups, charts, parameter, journal, and the line where commands are typed."""

    BINDINGS: ClassVar[list[BindingType]] = [*deck_bindings()]
    AUTO_FOCUS = "#groups"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide"), (180, "-vast")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    turn: reactive[int | None] = reactive(None, init=False, repaint=False)
    """Which of the panels that take turns are drawn with the next snapshot; None for all."""

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        record: Path | None = None,
        read_only: bool = False,
    ) -> None:
        super().__init__(source, record, read_only)
        self._clock = clock

    def compose(self) -> ComposeResult:
        """Compose the panels; the stylesheet places them, by the size of the terminal."""
        yield Static(id="size-hint")
        yield RunHeader(self._clock).data_bind(FlightDeck.snapshot)
        yield Banner().data_bind(FlightDeck.snapshot)
        with Container(id="deck"):
            yield GroupsTable().data_bind(FlightDeck.snapshot)
            with Container(id="charts"):
                for chart in self.charts():
                    yield chart.data_bind(
                        FlightDeck.turn, FlightDeck.snapshot, FlightDeck.chart_view
                    )
            yield ParameterPanel().data_bind(FlightDeck.turn, FlightDeck.snapshot)
            yield Journal().data_bind(FlightDeck.snapshot)
        yield TourPanel()
        yield CommandLine(lambda: self.snapshot)
        yield FilterLine()
        yield StatusLine().data_bind(FlightDeck.snapshot)
        yield KeyFooter().data_bind(FlightDeck.snapshot)

    @property
    def selected(self) -> TableRow | None:
        """The row that the cursor of the groups table is on; None if a filter hides all rows."""
        return self.table.selected_row

    @property
    def marked(self) -> list[TableRow]:
        """The rows of the groups table that are marked."""
        return self.table.marked

    def restore_content(self) -> None:
        """Begin as at the start: nothing is typed, and the groups have the keyboard."""
        self.remove_class("-typing", "-filtering", "-journal")
        self.held = False
        self.table.focus()

    def tick(self) -> None:
        """Move what moves while the run has yet to start.

        When the screen is taken down its panels go first, and a timer may still fire.
        """
        for header in self.query(RunHeader):
            header.redraw()

    def open_command_line(self, text: str = "") -> None:
        """Show the command line, with a beginning."""
        self.add_class("-typing")
        self.query_one(CommandInput).open(text)
        self.status.show_text(usage(text), "muted")

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """Show the answer to what was sent, and what the keys do now."""
        if (entry := self._answers.take_reply(snapshot)) is not None:
            self.status.show_row(reply_row(entry))
            self._compare(entry, snapshot)
        self.show_keys()

    def _compare(self, entry: JournalEntry, snapshot: Snapshot) -> None:
        """Show what was tried as soon as it is known, unless something else is open."""
        tried = entry.command.startswith("try ") and entry.outcome == "applied"
        if tried and snapshot.lr_sweep is not None and self.app.screen is self:
            self._ask(WhatIfDialog(snapshot, snapshot.lr_sweep))

    @on(GroupsTable.Selected)
    def _watch_parameter(self, event: GroupsTable.Selected) -> None:
        """Ask the run for the selected parameter; of a group, for its largest."""
        name = event.row.name
        groups = () if self.snapshot is None else self.snapshot.groups
        group = next((each for each in groups if each.name == event.row.group), None)
        if event.row.is_group and group is not None and group.parameters:
            name = max(group.parameters, key=lambda each: each.size).name
        self._source.select_parameter(name)
        self.show_keys()

    @on(Input.Changed, "#command")
    def _show_usage(self, event: Input.Changed) -> None:
        if self.has_class("-typing"):
            self.status.show_text(usage(event.value), "muted")

    @on(Input.Submitted, "#command")
    def _send_line(self, event: Input.Submitted) -> None:
        """Send the line; one that cannot be read stays, with the reason under it."""
        text = event.value.strip()
        if not text:
            self._close_command_line()
            return
        self.query_one(CommandInput).remember(text)
        if self.submit_text(text, "command"):
            self._close_command_line()

    @on(CommandInput.Closed)
    def _leave_line(self) -> None:
        self._close_command_line()
        self.status.show_text("")

    def _close_command_line(self) -> None:
        self.remove_class("-typing")
        self.query_one(CommandInput).value = ""
        self.query_one(GroupsTable).focus()

    def show_keys(self) -> None:
        """Name in the footer what every key does at this moment."""
        if (snapshot := self.snapshot) is None:
            return
        now = {}
        if snapshot.phase is Phase.PAUSED:
            now["toggle_pause"] = "resume"
        if self.selection_frozen:
            now["toggle_freeze"] = "thaw"
        cross = self.chart_view.cross
        if cross is not None and round(cross) <= snapshot.step and not self.read_only:
            now["rewind_here"] = "rewind there"
        hints = [
            Hint(
                key.written,
                now.get(key.action, key.label),
                now.get(key.action, key.compact_label),
                key.action,
                acts_in(key, snapshot.phase, self.read_only),
                key.drop_order,
            )
            for key in key_table_of(self.app)
            if now.get(key.action, key.label)
        ]
        self.query_one(KeyFooter).show(sorted(hints, key=lambda hint: not hint.enabled))

    def action_hold(self) -> None:
        """Hold the display where it is, or let it go on; the run goes on either way."""
        self.held = not self.held
        said = "the display stands still, training goes on: p goes on" if self.held else ""
        self.status.show_text(said, "warning")

    def watch_held(self) -> None:
        """Say so at the top, for as long as it is so."""
        self.query_one(RunHeader).set_stalled(self.held)

    def action_command(self) -> None:
        """Open the command line; after the end for what goes back."""
        if not self._ended(goes_back=True):
            self.open_command_line()

    def action_help(self) -> None:
        """Open the help."""
        self.app.push_screen(HelpScreen())

    def action_next_panel(self) -> None:
        """Go from the groups to the journal, then from chart to chart, and back."""
        journal = self.query_one(Journal)
        charts = [each for each in self.query(Chart) if each.room.area]
        panels: list[Widget] = [self.table, journal, *charts]
        at = panels.index(self.focused) if self.focused in panels else -1
        panel = panels[(at + 1) % len(panels)]
        self.set_class(panel is journal, "-journal")
        panel.focus()

    def action_leave(self) -> None:
        """End the tour; without one, go back to the groups, and to now."""
        if self.tour.active:
            self.tour.stop()
            return
        self.remove_class("-journal")
        self.chart_view = replace(self.chart_view, cross=None)
        self.forget_choice()
        self.query_one(GroupsTable).focus()
        self.status.show_text("")


def acts_in(key: Key, phase: Phase, read_only: bool = False) -> bool:
    """Whether a key does more in this phase than say why it does nothing."""
    if read_only and key.action not in _ONLY_LOOK and (key.verbs or key.action == "command"):
        return False
    if not phase.ended or key.action in _ALWAYS_ACT:
        return True
    return key.action in _ACT_UNLESS_FAILED and phase is not Phase.FAILED
