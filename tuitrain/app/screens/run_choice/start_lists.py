"""The lists of the start screen: live runs, past runs, bundled scenarios and data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.message import Message

from tuitrain.errors import TuitrainError
from tuitrain.remote.client.live_list import LiveList
from tuitrain.scenario.bundled import BundledScenario
from tuitrain.scenario.bundled_data import BUNDLED_DATA
from tuitrain.scenario.runs.run_list import RecordedRun

from ...framework.content import literal
from ...pinning import find_pin
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
from ...widgets.no_markup import Horizontal, Static, Vertical
from ...widgets.tables.pick_list import PickList
from .listed_items import has_named_data, make_list

_MAX_LIVE_ROWS: Final = 6
"""Maximum number of live runs that are shown without scrolling."""

_LIST_FRAME: Final = 3
"""Rows of a list for its frame and its header."""


class StartLists(Vertical):
    """Lists, one of which has the focus; that of live runs is hidden while there is none.

    Parameters
    ----------
    scenarios : those that can be run
    list_runs : returns the past runs, newest first; may raise a `TuitrainError`
    folder : the folder of the past runs
    live_list : the live runs, which `refresh_live` shows; None for none

    Attributes
    ----------
    pinned : the past runs that are marked for comparison
    problem : why the past runs could not be listed, or ""
    """

    @dataclass
    class RowChanged(Message):
        """The cursor is on another row, or another list has the focus."""

        item: object

    def __init__(
        self,
        scenarios: Sequence[BundledScenario],
        list_runs: Callable[[], list[RecordedRun]],
        folder: Path,
        live_list: LiveList | None = None,
    ) -> None:
        super().__init__(id="lists")
        self.pinned: tuple[PinnedRun, ...] = ()
        self.problem = ""
        self._scenarios = scenarios
        self._list_runs = list_runs
        self._folder = folder
        self._live_list = live_list
        self._title = ACCURACY_TITLE
        self._live_folders: set[Path] = set()
        self._last = "runs"

    def compose(self) -> ComposeResult:
        """Compose the lists."""
        nothing = f"none yet: runs are recorded in {self._folder}"
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

    @property
    def runs(self) -> PickList[RecordedRun]:
        """The list of past runs."""
        return self._of("runs")

    @property
    def current(self) -> PickList:
        """The list that has the focus, or had it before the filter, if it is still shown."""
        focused, last = self.screen.focused, self._of(self._last)
        before = last if last.display else self.runs
        return focused if isinstance(focused, PickList) and focused.display else before

    def fill(self) -> None:
        """Fill the lists; focus the past runs, if there are any."""
        runs = self._show_past_runs()
        self._of("scenarios").set_items(self._scenarios)
        used = sorted({run.data for run in runs if has_named_data(run)} - {*BUNDLED_DATA})
        self._of("data").set_items([*BUNDLED_DATA, *used, OTHER_DATA])
        self.refresh_live()
        first = "live" if self._of("live").display else "runs" if runs else "scenarios"
        self._of(first).focus()

    def refresh_live(self) -> bool:
        """Show the live runs as they are now, and which machines list none.

        Returns
        -------
        Whether the past runs were listed again, because others are live
        """
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
        has_changed = folders != self._live_folders
        if has_changed:
            self._live_folders = folders
            self._show_past_runs()
        if had_focus and not runs:
            self.runs.focus()
        return has_changed

    def filter(self, pattern: str) -> None:
        """Show only rows that match a string; all rows for ""."""
        for pick_list in self.query(PickList):
            pick_list.filter(pattern)

    def focus_filled(self) -> None:
        """Focus the list that had the focus last, or the first with rows if it has none."""
        filled = [pick_list for pick_list in self.query(PickList) if pick_list.visible_items]
        last = self._of(self._last)
        (last if last in filled or not filled else filled[0]).focus()

    def focus_next(self, delta: int) -> None:
        """Focus another list."""
        lists = [pick_list for pick_list in self.query(PickList) if pick_list.display]
        lists[(lists.index(self.current) + delta) % len(lists)].focus()

    @on(PickList.Moved)
    def _note_move(self, event: PickList.Moved) -> None:
        if event.pick_list.has_focus or event.pick_list is self._of(self._last):
            self.post_message(self.RowChanged(event.pick_list.selected))

    def on_descendant_focus(self) -> None:
        """Note the list that has the focus."""
        if isinstance(focused := self.screen.focused, PickList):
            self._last = focused.id or "runs"
            self.post_message(self.RowChanged(focused.selected))

    def _show_past_runs(self) -> list[RecordedRun]:
        """Show the past runs, without those that are live, and return them."""
        runs: list[RecordedRun] = []
        self.problem = ""
        try:
            runs = self._list_runs()
        except TuitrainError as error:
            self.problem = str(error)
        past = [run for run in runs if run.folder.resolve() not in self._live_folders]
        self._title = metric_title(past)
        self.runs.set_items(past)
        return past

    def _of(self, name: str) -> PickList:
        return self.query_one(f"#{name}", PickList)

    def _run_row(self, run: RecordedRun, width: int) -> Row:
        return past_run_row(run, width, find_pin(self.pinned, run), self._title)

    def _runs_header(self, width: int) -> Row:
        return past_runs_header(width, self._title)
