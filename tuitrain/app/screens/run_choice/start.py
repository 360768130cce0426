"""The start screen: live and past runs, bundled scenarios and data sets to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from tuitrain.errors import TuitrainError
from tuitrain.remote.client.live_list import LiveList
from tuitrain.remote.control.replies import ListedRun
from tuitrain.scenario.bundled import BundledScenario
from tuitrain.scenario.runs.run_list import RecordedRun

from ...framework.content import assemble, key_hints, literal
from ...framework.screens import BaseScreen
from ...keys.other_screens import START_KEYS
from ...pinning import toggle_pin
from ...renderables.charts.pinned_runs import PinnedRun
from ...renderables.tables.new_runs import (
    OTHER_DATA,
)
from ...start_choice import AttachRun, OpenRecording, RunScenario, StartChoice
from ...widgets.inputs.filter_line import FilterInput, FilterLine
from ...widgets.no_markup import Input, Static
from ...widgets.tables.pick_list import PickList
from ..help import HelpScreen
from .listed_items import MUTED, describe_item
from .new_run import NewRunDialog
from .past_runs import NO_RUN, RunsScreen
from .resume_or_open import ResumeOrOpenDialog
from .start_lists import StartLists

FIRST_RUN: Final = BundledScenario(
    Path(), "first flight", "LeNet learns ten thousand digits; steer it."
)

_KEYS: Final = "   ".join(
    f"[b]{key.written}[/] {key.compact_label}" for key in START_KEYS if key.label
)


class StartScreen(BaseScreen[None]):
    """Offers live and past runs, scenarios and data sets; ends its app with the choice.

    Parameters
    ----------
    scenarios : the bundled scenarios
    list_runs : returns the past runs, newest first
    folder : the folder of the past runs
    live_list : the live runs, which `refresh_live` shows; None for none

    Attributes
    ----------
    lists : of what can be chosen
    """

    BINDINGS: ClassVar[list[BindingType]] = [key.binding() for key in START_KEYS]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]

    def __init__(
        self,
        scenarios: Sequence[BundledScenario],
        list_runs: Callable[[], list[RecordedRun]],
        folder: Path,
        live_list: LiveList | None = None,
    ) -> None:
        super().__init__(id="start")
        self.lists = StartLists([FIRST_RUN, *scenarios], list_runs, folder, live_list)

    def compose(self) -> ComposeResult:
        """Compose the lists, a line about the row under the cursor, the filter and the keys."""
        yield Static(id="welcome")
        yield self.lists
        yield Static(id="about")
        yield FilterLine()
        yield Static(key_hints(_KEYS), id="start-keys", classes="hint")

    def on_mount(self) -> None:
        """Fill the lists."""
        self.restore_content()

    def restore_content(self) -> None:
        """Fill the lists."""
        self.query_one("#welcome", Static).update(
            assemble((" tuitrain", "bold"), "   the flight deck for training")
        )
        self.lists.fill()
        self._show_problem()

    def refresh_live(self) -> None:
        """Show the live runs as they are now."""
        if self.lists.refresh_live():
            self._show_problem()

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        match self.lists.current.selected:
            case ListedRun() as live:
                self._end(AttachRun(live.word, self.lists.pinned))
            case RecordedRun() as run:
                self._open(run)
            case BundledScenario() as scenario:
                path = None if scenario is FIRST_RUN else scenario.path
                self._end(RunScenario(path, self.lists.pinned))
            case str() as data:
                self.app.push_screen(
                    NewRunDialog("" if data == OTHER_DATA else data), self._end_with_pins
                )

    def action_pin(self) -> None:
        """Mark the run under the cursor, for comparison with the chosen run."""
        if not isinstance(run := self.lists.current.selected, RecordedRun):
            self._say("only past runs can be marked", "$warning")
            return
        try:
            self.lists.pinned = toggle_pin(self.lists.pinned, run)
        except TuitrainError as error:
            self._say(f"✗ {error}", "$error")
        else:
            self.lists.runs.redraw()
            self.lists.runs.action_move(1)

    def action_runs(self) -> None:
        """Compare the marked runs."""

        def chosen(pinned: tuple[PinnedRun, ...] | None) -> None:
            self.lists.pinned = pinned or ()
            self.lists.runs.redraw()

        runs = list(self.lists.runs.visible_items)
        self.app.push_screen(RunsScreen(NO_RUN, runs, self.lists.pinned), chosen)

    def action_filter(self) -> None:
        """Open the filter of all lists."""
        self.query_one(FilterLine).open()

    def action_show_all(self) -> None:
        """Show all rows again."""
        self.query_one(FilterLine).end_filter()

    def action_next_list(self, delta: int) -> None:
        """Focus another list."""
        self.lists.focus_next(delta)

    def action_help(self) -> None:
        """Open the help, with the keys of this screen at its top."""
        self.app.push_screen(HelpScreen(keys=START_KEYS))

    def action_quit(self) -> None:
        """Leave without a choice."""
        self.app.exit()

    @on(PickList.Picked)
    def _clicked(self) -> None:
        self.action_choose()

    @on(StartLists.RowChanged)
    def _describe_row(self, event: StartLists.RowChanged) -> None:
        """Describe the row under the cursor."""
        self._say(*describe_item(event.item))

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.lists.filter(event.value.strip())

    @on(FilterInput.Closed)
    def _leave_filter(self, event: FilterInput.Closed) -> None:
        self.query_one(FilterLine).close(event.keep)
        self.lists.focus_filled()

    def _open(self, run: RecordedRun) -> None:
        if run.problem:
            self._say(f"✗ {run.folder}: {run.problem}", "$error")
        elif run.ending == "finished":
            self._end(OpenRecording(run.folder, self.lists.pinned))
        else:
            self.app.push_screen(ResumeOrOpenDialog(run), self._end_with_pins)

    def _end_with_pins(self, choice: StartChoice | None) -> None:
        if choice is not None:
            self._end(replace(choice, pinned=self.lists.pinned))

    def _end(self, choice: StartChoice) -> None:
        self.app.exit(choice)

    def _show_problem(self) -> None:
        if self.lists.problem:
            self._say(f"✗ {self.lists.problem}", "$error")

    def _say(self, text: str, style: str = MUTED) -> None:
        self.query_one("#about", Static).update(literal(f" {text}", style))
