"""The main screen: the panels over a run, and the controllers that act on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.reactive import reactive

from tuitrain.run.snapshot import Snapshot

from ...renderables.charts.pinned_runs import PinnedRun
from ...renderables.tables.journal import reply_row
from ...source import Source
from ...widgets.banner import Banner
from ...widgets.charts.chart import Chart
from ...widgets.footer import KeyFooter
from ...widgets.header import RunHeader
from ...widgets.inputs.command_line import CommandInput, CommandLine
from ...widgets.inputs.filter_line import FilterInput, FilterLine
from ...widgets.no_markup import Container, Input, Static
from ...widgets.parameter import ParameterPanel
from ...widgets.status_line import StatusLine
from ...widgets.tables.groups import GroupsTable
from ...widgets.tables.journal import Journal
from ...widgets.tour import TourPanel
from ..inspection.weights import parameter_of
from .chart_actions import ChartActions
from .command_actions import CommandActions
from .command_line import CommandLineActions
from .command_sender import CommandSender
from .deck import Deck
from .first_flight import FirstFlight
from .footer_hints import deck_hints
from .history_actions import HistoryActions
from .inspection_actions import InspectionActions
from .navigation import Navigation
from .pen_actions import PenActions
from .row_selection import RowSelection
from .timeline_cursor import TimelineCursor
from .utility_actions import UtilityActions

CONTROLLERS = (
    CommandActions,
    HistoryActions,
    CommandLineActions,
    InspectionActions,
    ChartActions,
    TimelineCursor,
    RowSelection,
    UtilityActions,
    PenActions,
    Navigation,
)
"""The kinds of controllers that the flight deck is composed of."""


class FlightDeck(Deck):
    """Header, groups, charts, parameter, journal, and the line where commands are typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key.binding(key.name) for controller in CONTROLLERS for key in controller.declared_keys()
    ]
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
        self.sender = CommandSender(self)
        self.selection = RowSelection(self)
        self._commands = CommandActions(self, self.sender, self.selection, clock)
        self.charts = ChartActions(self)
        self.command_line = CommandLineActions(self, self.sender)
        self.inspection = InspectionActions(self, self.selection)
        self._history = HistoryActions(self, self.sender)
        self.cursor = TimelineCursor(self, self.sender, self._history)
        self.first_flight = FirstFlight(self, self._history.action_rewind)
        self.utilities = UtilityActions(self, self.selection, self.first_flight)
        self._pen = PenActions(self)
        self.navigation = Navigation(self, self.sender, self.selection, self.cursor, self.utilities)
        self.register(
            (
                self._commands,
                self._history,
                self.command_line,
                self.inspection,
                self.charts,
                self.cursor,
                self.selection,
                self.utilities,
                self._pen,
                self.navigation,
            )
        )

    def compose(self) -> ComposeResult:
        """Compose the panels; the stylesheet places them, by the size of the terminal."""
        yield Static(id="size-hint")
        yield RunHeader(self._clock, self.read_only).data_bind(FlightDeck.snapshot)
        yield Banner().data_bind(FlightDeck.snapshot)
        with Container(id="deck"):
            yield GroupsTable().data_bind(FlightDeck.snapshot)
            with Container(id="charts"):
                for chart in self.charts.make_charts():
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
    def tour(self) -> TourPanel:
        """The tour's panel."""
        return self.utilities.tour

    def compare_with(self, runs_folder: Path, pinned: tuple[PinnedRun, ...] = ()) -> None:
        """Set the folder of past runs, and the runs that are drawn from the start."""
        self.charts.runs_folder = runs_folder
        self.set_reactive(FlightDeck.chart_view, replace(self.chart_view, pinned=pinned))

    def restore_content(self) -> None:
        """Close the lines where text is typed, and focus the groups."""
        self.remove_class("-typing", "-filtering", "-journal")
        self.held = False
        self.table.focus()

    def tick(self) -> None:
        """Redraw the header's animation while the run is starting.

        When the screen is taken down its panels go first, and a timer may still fire.
        """
        for header in self.query(RunHeader):
            header.redraw()

    def show_keys(self) -> None:
        """Show the present effect of every key in the footer."""
        if self.snapshot is not None:
            hints = deck_hints(self, self.selection, self.cursor)
            self.query_one(KeyFooter).show(hints)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave enter to the focused panel unless it rewinds to the cursor."""
        if action == "rewind_here":
            return self.cursor.takes_enter
        return super().check_action(action, parameters)

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """Show a command's reply, the present effect of the keys, and what the run measures."""
        self.tour.follow(snapshot, self.table.selected)
        self.first_flight.follow(snapshot)
        self.charts.follow_metrics(snapshot)
        if (reply := self.sender.take_reply(snapshot)) is not None:
            self.status.show_row(reply_row(reply))
            self._history.show_trial(reply, snapshot)
        self._pen.follow(snapshot)
        self._commands.pace.follow(snapshot)
        self.show_keys()

    def watch_chart_view(self) -> None:
        """Show the present effect of the keys, and the cursor."""
        self.show_keys()
        self.cursor.show_position()

    def watch_held(self) -> None:
        """Show in the header whether the display is held."""
        self.navigation.show_hold()

    def on_resize(self, event: Resize) -> None:
        """Show a hint where the terminal is too small."""
        self.utilities.show_size(event.size)

    @on(GroupsTable.Selected)
    def _select_parameter(self, event: GroupsTable.Selected) -> None:
        """Request the selected parameter from the run; for a group, its largest."""
        if self.snapshot is not None:
            self.source.select_parameter(parameter_of(event.row, self.snapshot))
            self.tour.follow(self.snapshot, event.row)
        self.show_keys()

    @on(GroupsTable.Badge)
    async def _toggle_freeze(self) -> None:
        await self.run_action("toggle_freeze")

    @on(Journal.Chosen)
    def _move_to_entry(self, event: Journal.Chosen) -> None:
        self.cursor.move_to(event.entry.step)

    @on(Journal.WaitingChosen)
    def _ask_to_cancel(self, event: Journal.WaitingChosen) -> None:
        self._commands.ask_to_cancel(event.command)

    @on(Chart.Pointed)
    def _follow_pointer(self, event: Chart.Pointed) -> None:
        self.cursor.follow_pointer(event)

    @on(Input.Changed, "#command")
    def _show_usage(self, event: Input.Changed) -> None:
        self.command_line.show_usage(event.value)

    @on(Input.Submitted, "#command")
    def _send_line(self, event: Input.Submitted) -> None:
        self.command_line.send(event.value)

    @on(CommandInput.Closed)
    def _leave_line(self) -> None:
        self.command_line.leave()

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.table.filter(event.value.strip())

    @on(FilterInput.Closed)
    def _close_filter(self, event: FilterInput.Closed) -> None:
        self.selection.close_filter(event.keep)
