"""The start screen: live and past runs, bundled scenarios and data sets to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from tuitrain.errors import TuitrainError
from tuitrain.remote.client.live_list import LiveList
from tuitrain.remote.control.replies import ListedRun
from tuitrain.scenario.bundled import BundledScenario
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain.scenario.runs.run_list import RecordedRun

from ...framework.content import assemble, key_hints, literal
from ...framework.screens import BaseScreen
from ...keys.other_screens import START_KEYS
from ...pinning import find_pin, toggle_pin
from ...renderables.charts.pinned_runs import PinnedRun
from ...renderables.rows import Row
from ...renderables.tables.live_runs import (
    live_run_fits,
    live_run_row,
    live_runs_header,
    other_machines,
)
from ...renderables.tables.new_runs import (
    OTHER_DATA,
    data_fits,
    data_row,
    scenario_fits,
    scenario_row,
)
from ...renderables.tables.past_runs import (
    ACCURACY_TITLE,
    matches_search,
    metric_title,
    past_run_row,
    past_runs_header,
)
from ...start_choice import AttachRun, OpenRecording, RunScenario, StartChoice
from ...widgets.inputs.filter_line import FilterInput, FilterLine
from ...widgets.no_markup import Horizontal, Input, Static, Vertical
from ...widgets.tables.pick_list import PickList
from ..help import HelpScreen
from .listed_items import MUTED, describe_item, has_named_data, make_list
from .new_run import NewRunDialog
from .past_runs import NO_RUN, RunsScreen
from .resume_or_open import ResumeOrOpenDialog

FIRST_RUN: Final = BundledScenario(
    Path(), "first flight", "LeNet learns ten thousand digits; steer it."
)

_KEYS: Final = "   ".join(
    f"[b]{key.written}[/] {key.compact_label}" for key in START_KEYS if key.label
)

_MAX_LIVE_ROWS: Final = 6
"""Maximum number of live runs that are shown without scrolling."""

_LIST_FRAME: Final = 3
"""Rows of a list for its frame and its header."""


class StartScreen(BaseScreen[None]):
    """Lists, one of which has the focus; that of live runs is hidden while there is none.

    Parameters
    ----------
    scenarios : the bundled scenarios
    list_runs : returns the past runs, newest first
    folder : the folder of the past runs
    live_list : the live runs, which `refresh_live` shows; None for none
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
        self._live_list = live_list
        self._scenarios = [FIRST_RUN, *scenarios]
        self._list_runs = list_runs
        self._folder = folder
        self._pinned: tuple[PinnedRun, ...] = ()
        self._title = ACCURACY_TITLE
        self._live_folders: set[Path] = set()

    def compose(self) -> ComposeResult:
        """Compose the lists."""
        nothing = f"none yet: runs are recorded in {self._folder}"
        yield Static(id="welcome")
        with Vertical(id="lists"):
            yield make_list(
                "live runs",
                "live",
                live_run_row,
                live_run_fits,
                live_runs_header,
                key=attrgetter("word"),
            )
            yield Static(id="machines")
            yield make_list(
                "past runs",
                "runs",
                self._run_row,
                matches_search,
                self._runs_header,
                nothing,
                key=attrgetter("folder"),
            )
            with Horizontal(id="new"):
                yield make_list("scenarios", "scenarios", scenario_row, scenario_fits)
                yield make_list("data", "data", data_row, data_fits)
        yield Static(id="about")
        yield FilterLine()
        yield Static(key_hints(_KEYS), id="start-keys", classes="hint")

    def on_mount(self) -> None:
        """Fill the lists."""
        self.restore_content()

    def refresh_live(self) -> None:
        """Show the live runs as they are now, and which machines list none."""
        live, pick_list, machines = self._live_list, self._of("live"), ""
        runs = live.rows if live else []
        if live:
            machines = other_machines(live.silent_hosts, live.problems)
        note = self.query_one("#machines", Static)
        note.update(literal(f" {machines}", "$warning"))
        note.display = bool(machines)
        had_focus = pick_list.has_focus
        pick_list.display = bool(runs)
        pick_list.styles.height = min(len(runs), _MAX_LIVE_ROWS) + _LIST_FRAME
        pick_list.set_items(runs)
        folders = {Path(run.folder).resolve() for run in runs if not run.host}
        if folders != self._live_folders:
            self._live_folders = folders
            self._show_past_runs()
        if had_focus and not runs:
            self._of("runs").focus()

    def restore_content(self) -> None:
        """Fill the lists; focus the past runs, if there are any."""
        self.query_one("#welcome", Static).update(
            assemble((" tuitrain", "bold"), "   the flight deck for training")
        )
        runs = self._show_past_runs()
        self._of("scenarios").set_items(self._scenarios)
        used = sorted({run.data for run in runs if has_named_data(run)} - {*BUNDLED_DATA})
        self._of("data").set_items([*BUNDLED_DATA, *used, OTHER_DATA])
        self.refresh_live()
        first = "live" if self._of("live").display else "runs" if runs else "scenarios"
        self._of(first).focus()

    def _show_past_runs(self) -> list[RecordedRun]:
        """Show the past runs, without those that are live, and return them."""
        runs: list[RecordedRun] = []
        try:
            runs = self._list_runs()
        except TuitrainError as error:
            self._say(f"✗ {error}", "$error")
        past = [run for run in runs if run.folder.resolve() not in self._live_folders]
        self._title = metric_title(past)
        self._of("runs").set_items(past)
        return past

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        match self._focused.selected:
            case ListedRun() as live:
                self._end(AttachRun(live.word, self._pinned))
            case RecordedRun() as run:
                self._open(run)
            case BundledScenario() as scenario:
                path = None if scenario is FIRST_RUN else scenario.path
                self._end(RunScenario(path, self._pinned))
            case str() as data:
                self.app.push_screen(
                    NewRunDialog("" if data == OTHER_DATA else data), self._end_with_pins
                )

    def action_pin(self) -> None:
        """Mark the run under the cursor, for comparison with the chosen run."""
        if not isinstance(run := self._focused.selected, RecordedRun):
            self._say("only past runs can be marked", "$warning")
            return
        try:
            self._pinned = toggle_pin(self._pinned, run)
        except TuitrainError as error:
            self._say(f"✗ {error}", "$error")
        else:
            self._of("runs").redraw()
            self._of("runs").action_move(1)

    def action_runs(self) -> None:
        """Compare the marked runs."""

        def chosen(pinned: tuple[PinnedRun, ...] | None) -> None:
            self._pinned = pinned or ()
            self._of("runs").redraw()

        runs = list(self._of("runs").visible_items)
        self.app.push_screen(RunsScreen(NO_RUN, runs, self._pinned), chosen)

    def action_filter(self) -> None:
        """Open the filter of all lists."""
        self.add_class("-filtering")
        self.query_one(FilterInput).focus()

    def action_show_all(self) -> None:
        """Show all rows again."""
        self.query_one(FilterInput).value = ""

    def action_next_list(self, delta: int) -> None:
        """Focus another list."""
        lists = [pick_list for pick_list in self.query(PickList) if pick_list.display]
        lists[(lists.index(self._focused) + delta) % len(lists)].focus()

    def action_help(self) -> None:
        """Open the help, with the keys of this screen at its top."""
        self.app.push_screen(HelpScreen(keys=START_KEYS))

    def action_quit(self) -> None:
        """Leave without a choice."""
        self.app.exit()

    @property
    def _focused(self) -> PickList:
        """The list that has the focus, or had it before the filter, if it is still shown."""
        focused, last = self.focused, self._of(self._last)
        before = last if last.display else self._of("runs")
        return focused if isinstance(focused, PickList) and focused.display else before

    _last = "runs"

    @on(PickList.Moved)
    def _describe_row(self, event: PickList.Moved) -> None:
        """Describe the row under the cursor."""
        if event.pick_list.has_focus or event.pick_list is self._of(self._last):
            self._say(*describe_item(event.pick_list.selected))

    def on_descendant_focus(self) -> None:
        """Describe the row under the focused list's cursor."""
        if isinstance(self.focused, PickList):
            self._last = self.focused.id or "runs"
            self._say(*describe_item(self.focused.selected))

    @on(PickList.Picked)
    def _clicked(self) -> None:
        self.action_choose()

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        for pick_list in self.query(PickList):
            pick_list.filter(event.value.strip())

    @on(FilterInput.Closed)
    def _leave_filter(self, event: FilterInput.Closed) -> None:
        self.remove_class("-filtering")
        if not event.keep:
            self.query_one(FilterInput).value = ""
        filled = [pick_list for pick_list in self.query(PickList) if pick_list.visible_items]
        last = self._of(self._last)
        (last if last in filled or not filled else filled[0]).focus()

    def _open(self, run: RecordedRun) -> None:
        if run.problem:
            self._say(f"✗ {run.folder}: {run.problem}", "$error")
        elif run.ending == "finished":
            self._end(OpenRecording(run.folder, self._pinned))
        else:
            self.app.push_screen(ResumeOrOpenDialog(run), self._end_with_pins)

    def _end_with_pins(self, choice: StartChoice | None) -> None:
        if choice is not None:
            self._end(replace(choice, pinned=self._pinned))

    def _end(self, choice: StartChoice) -> None:
        self.app.exit(choice)

    def _of(self, name: str) -> PickList:
        return self.query_one(f"#{name}", PickList)

    def _run_row(self, run: RecordedRun, width: int) -> Row:
        return past_run_row(run, width, find_pin(self._pinned, run), self._title)

    def _runs_header(self, width: int) -> Row:
        return past_runs_header(width, self._title)

    def _say(self, text: str, style: str = MUTED) -> None:
        self.query_one("#about", Static).update(literal(f" {text}", style))
