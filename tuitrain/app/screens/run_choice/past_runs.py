"""Compare past runs with the present one: curves and last values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tuitrain.errors import TuitrainError
from tuitrain.metric_info import ACCURACY, MetricInfo, info_of
from tuitrain.run.snapshot import Phase, RunInfo, Series, Snapshot
from tuitrain.scenario.runs.final_curves import FinalCurves
from tuitrain.scenario.runs.run_list import RecordedRun

from ...framework.content import key_hints, literal
from ...framework.screens import BaseDialog
from ...pinning import find_pin, toggle_pin
from ...renderables.charts.chart_view import ChartView
from ...renderables.charts.metrics import (
    LOSS,
    chart_metrics,
    companion_metrics,
    measured_metric,
)
from ...renderables.charts.pinned_runs import PinnedRun
from ...renderables.rows import Row, plain_text
from ...renderables.tables.past_runs import (
    comparison_rows,
    matches_search,
    metric_title,
    past_run_row,
    past_runs_header,
)
from ...widgets.charts.chart import Chart
from ...widgets.inputs.filter_line import FilterInput, FilterLine
from ...widgets.no_markup import Horizontal, Input, Static, Vertical
from ...widgets.tables.pick_list import PickList
from ..help import EXPLAIN

NO_RUN: Final = Snapshot(0, RunInfo("", "", "", 0, 1, 0, 0), Phase.RECORDED)
"""The snapshot that is shown where there is no present run."""

_KEYS: Final = "   ".join(
    (
        "[b]space[/] pin",
        "[b][ ][/] chart",
        "[b]g[/] group",
        "[b]/[/] filter",
        "[b]y[/] log",
        "[b]a[/] means",
        "[b]esc[/] back",
    )
)


class RunsScreen(BaseDialog[tuple[PinnedRun, ...]]):
    """Lists past runs and compares the pinned ones; returns the pinned runs.

    The first chart shows every metric in turn, of all groups or of one. The present run is updated
    after every epoch.

    Parameters
    ----------
    present : the run that they are compared with, as it is now; `NO_RUN` for none
    runs : newest first
    pinned : the runs that are pinned already
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        EXPLAIN,
        Binding("space", "pin", "Pin", show=False),
        Binding("escape,q,R,enter", "close", "Close", show=False),
        Binding("slash", "filter", "Filter", show=False),
        Binding("y", "logarithmic", "Logarithmic", show=False),
        Binding("a", "smooth", "Running means", show=False),
        Binding("right_square_bracket", "metric(1)", "Next metric", show=False),
        Binding("left_square_bracket", "metric(-1)", "Previous metric", show=False),
        Binding("g", "group", "Group", show=False),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    AUTO_FOCUS = "#runs"

    def __init__(
        self, present: Snapshot, runs: Sequence[RecordedRun], pinned: tuple[PinnedRun, ...]
    ) -> None:
        super().__init__()
        self._present = present
        self._runs = list(runs)
        self._view = ChartView(smooth=True, pinned=pinned)
        self._metric = LOSS
        self._infos = _measured_infos(present, runs)
        self._title = metric_title(runs)

    def compose(self) -> ComposeResult:
        """Compose the charts above the list, and the table below."""
        with Vertical(classes="dialog runs") as box:
            box.border_title = "past runs"
            with Horizontal(id="runs-charts"):
                shown = (LOSS, "runs-loss"), (measured_metric(self._infos[0]), "runs-accuracy")
                for metric, name in shown:
                    chart = Chart(metric, name)
                    chart.snapshot, chart.chart_view = self._present, self._view
                    yield chart
            yield PickList(
                self._row,
                matches_search,
                partial(past_runs_header, title=self._title),
                "no run was recorded yet",
                id="runs",
            )
            yield FilterLine()
            yield Static(id="compared")
            yield Static(key_hints(_KEYS), classes="hint")

    def on_mount(self) -> None:
        """List the runs."""
        self.runs.set_items(self._runs)
        self._compare()

    @property
    def runs(self) -> PickList[RecordedRun]:
        """The list."""
        return self.query_one("#runs", PickList)

    def action_pin(self) -> None:
        """Pin or unpin the run under the cursor."""
        if (run := self.runs.selected) is None:
            return
        try:
            self._show(replace(self._view, pinned=toggle_pin(self._view.pinned, run)))
        except TuitrainError as error:
            self.query_one("#compared", Static).update(literal(f"✗ {error}", "$error"))

    def action_logarithmic(self) -> None:
        """Switch between linear axes and logarithmic ones."""
        self._show(replace(self._view, logarithmic=not self._view.logarithmic))

    def action_smooth(self) -> None:
        """Draw running means, or the values only."""
        self._show(replace(self._view, smooth=not self._view.smooth))

    def action_metric(self, delta: int) -> None:
        """Show the next or previous metric in the first chart, and another in the second."""
        metrics = chart_metrics(self._infos)
        at = metrics.index(self._metric) + delta
        self._metric = metrics[at % len(metrics)]
        main = measured_metric(self._infos[0])
        shown = self._metric, companion_metrics(self._metric, main)[0]
        for chart, metric in zip(self.query(Chart), shown, strict=True):
            chart.show(metric)

    def action_group(self) -> None:
        """Draw the next group only; after the last one, all groups."""
        if not self._metric.group_field:
            text = f"the {self._metric.name} is the whole network's; ] shows metrics of groups"
            self.query_one("#compared", Static).update(literal(text, "$warning"))
            return
        traces = [*self._present.histories]
        for pin in self._view.pinned:
            traces += pin.curves.traces
        names = ["", *dict.fromkeys(trace.name for trace in traces)]
        at = names.index(self._view.group) if self._view.group in names else 0
        self._show(replace(self._view, group=names[(at + 1) % len(names)]))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show a snapshot if an epoch or the run has ended since the last one."""
        before = self._present
        known = before.phase, len(before.main_series), before.branch
        now = snapshot.phase, len(snapshot.main_series), snapshot.branch
        if before is NO_RUN or known == now:
            return
        self._present = snapshot
        for chart in self.query(Chart):
            chart.snapshot = snapshot
        self._compare()

    def action_filter(self) -> None:
        """Open the filter."""
        self.query_one(FilterLine).open()

    def action_close(self) -> None:
        """Close the screen, and return the pinned runs."""
        self.dismiss(self._view.pinned)

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.runs.filter(event.value.strip())

    @on(FilterInput.Closed)
    def _leave_filter(self, event: FilterInput.Closed) -> None:
        self.query_one(FilterLine).close(event.keep)
        self.runs.focus()

    @on(PickList.Picked)
    def _pin_clicked(self) -> None:
        self.action_pin()

    def _row(self, run: RecordedRun, width: int) -> Row:
        return past_run_row(run, width, find_pin(self._view.pinned, run), self._title)

    def _show(self, view: ChartView) -> None:
        self._view = view
        for chart in self.query(Chart):
            chart.chart_view = view
        self.runs.redraw()
        self._compare()

    def _compare(self) -> None:
        """Show the last values, with those of the present run."""
        main = self._infos[0]
        pins = [(f"{pin.letter} {pin.name}", *_last(pin.curves, main)) for pin in self._view.pinned]
        present = [("now", *_last(self._present, main))] if self._present is not NO_RUN else []
        rows = comparison_rows([*present, *pins], 70, bool(present), main) if pins else []
        text = (
            "\n".join(map(plain_text, rows))
            or "space pins a run: its curves are drawn in the charts"
        )
        self.query_one("#compared", Static).update(text)


def _measured_infos(present: Snapshot, runs: Sequence[RecordedRun]) -> tuple[MetricInfo, ...]:
    """Return what the present run measures, or else the newest, and what other runs measure."""
    infos = {info.name: info for info in present.info.metrics} if present is not NO_RUN else {}
    for run in runs:
        if not run.problem:
            for info in (run.main_metric, *map(info_of, run.metrics)):
                infos.setdefault(info.name, info)
    return tuple(infos.values()) or (ACCURACY,)


def _last(run: Snapshot | FinalCurves, main: MetricInfo) -> tuple[float, float]:
    """Return the last loss and the last value of the main metric."""
    return _end(run.loss), _end(run.metrics.get(main.name, Series()))


def _end(series: Series) -> float:
    return math.nan if series.last is None else series.last
