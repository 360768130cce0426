"""The keys of the charts: metric, zoom, axis, running means, past runs and export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tuitrain.errors import TuitrainError
from tuitrain.metric_info import ACCURACY, MetricInfo
from tuitrain.run.snapshot import Phase, Snapshot
from tuitrain.scenario.runs.run_list import list_runs

from ...export.chart_files import (
    legend_rows,
    means_note,
    to_csv,
    to_svg,
    with_every_rate,
    write_new_files,
)
from ...export.png import PngError, to_png
from ...renderables.charts.metrics import (
    LOSS,
    LR,
    Metric,
    chart_metrics,
    companion_metrics,
    measured_metric,
)
from ...renderables.charts.pinned_runs import PinnedRun, pinned_curves
from ...widgets.charts.chart import Chart
from ..run_choice.past_runs import NO_RUN, RunsScreen
from .deck import Controller, Deck

_CHART_IDS = ("loss", "accuracy", "third", "fourth")
"""The charts' ids; the first two are named after what they show at the start."""

_CHART_TURNS = (0, 1, 2, 1)


class ChartActions(Controller):
    """Changes the contents of the charts. No method sends a command."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.metric = LOSS
        """The quantity that the first chart shows."""
        self._infos = (ACCURACY,)
        self._reported = (ACCURACY,)
        """Of these, those with values, or whose values are sure to come."""
        self._seen: set[MetricInfo] = set()
        self.runs_folder: Path | None = None
        """The folder whose runs can be drawn beside this one."""

    def make_charts(self) -> list[Chart]:
        """Make the charts; the first one shows every metric in turn."""
        shown = zip((LOSS, *companion_metrics(LOSS)), _CHART_IDS, _CHART_TURNS, strict=True)
        return [Chart(metric, name, turn) for metric, name, turn in shown]

    def show_metric(self, metric: Metric) -> None:
        """Show a metric in the first chart, and others in the remaining charts."""
        self.metric = metric
        main = (*self._reported, self._infos[0])[0]
        shown = (metric, *companion_metrics(metric, measured_metric(main)))
        is_empty = shown[1].info is not None and not self._reported
        self.deck.set_class(is_empty, "-unmeasured")
        for chart, shown_metric in zip(self.deck.query(Chart), shown, strict=True):
            chart.show(shown_metric)

    def follow_metrics(self, snapshot: Snapshot) -> None:
        """Show the metrics of the run, once they are known.

        A script may report none of the metrics that it could: the first chart has the room until it
        does. A metric that was reported once keeps its chart, also at an earlier step.
        """
        infos = snapshot.info.metrics
        seen = self._seen.union(snapshot.reported_metrics)
        if snapshot.phase is not Phase.STARTING:  # a script has not said what it reports
            self._seen = seen
        reported = tuple(info for info in infos if info in seen)
        if (infos, reported) != (self._infos, self._reported):
            self._infos, self._reported = infos, reported
            known = self.metric in chart_metrics(self._infos)
            self.show_metric(self.metric if known else LOSS)

    def action_metric(self, delta: int) -> None:
        """Show the next metric in the first chart, or the previous one."""
        metrics = chart_metrics(self._infos)
        at = metrics.index(self.metric) + delta
        self.show_metric(metrics[at % len(metrics)])

    def action_log_loss(self) -> None:
        """Switch between linear and logarithmic axes."""
        view = self.deck.chart_view
        self.deck.chart_view = replace(view, logarithmic=not view.logarithmic)

    def action_smooth(self) -> None:
        """Draw running means, or the values only."""
        self.deck.chart_view = replace(self.deck.chart_view, smooth=not self.deck.chart_view.smooth)

    def action_zoom(self, factor: float) -> None:
        """Multiply the number of shown steps."""
        if factor < 1 or self._is_zoomed():
            self.deck.chart_view = self.deck.chart_view.zoom(factor, self.deck.last_step)

    def action_pan(self, share: float) -> None:
        """Move the shown steps by a share of their number."""
        if self._is_zoomed():
            self.deck.chart_view = self.deck.chart_view.pan(share, self.deck.last_step)

    def action_whole_run(self) -> None:
        """Show the whole run."""
        if self._is_zoomed():
            self.deck.chart_view = replace(self.deck.chart_view, span=None, end=None)

    def action_runs(self) -> None:
        """List past runs, to draw some of them beside this one."""
        if self.runs_folder is None:
            self.deck.status.show_text("no folder of past runs is known here", "warning")
            return
        try:
            runs = list_runs(self.runs_folder)
        except TuitrainError as error:
            self.deck.status.show_text(f"✗ {error}", "bad")
            return
        others = [run for run in runs if run.folder != self.deck.record]

        def pin(pinned: tuple[PinnedRun, ...] | None) -> None:
            self.deck.chart_view = replace(self.deck.chart_view, pinned=pinned or ())

        present, pinned = self.deck.snapshot or NO_RUN, self.deck.chart_view.pinned
        self.deck.app.push_screen(RunsScreen(present, others, pinned), pin)

    def action_export(self) -> None:
        """Write the focused chart, else the first, to files: its numbers and two pictures."""
        if (snapshot := self.deck.snapshot) is None:
            return
        focused = self.deck.focused
        chart = focused if isinstance(focused, Chart) else self.deck.query(Chart).first()
        files, note = self._export(chart, snapshot)
        stem = f"{snapshot.info.name}-{chart.metric.file_stem}-{snapshot.step}"
        try:
            written = write_new_files(Path.cwd(), stem, files)
        except TuitrainError as error:
            self.deck.status.show_text(f"✗ {error}", "bad")
            return
        first, *others = (path.suffix for path in written)
        names = f"{written[0].stem}{', '.join([first, *others[:-1]])} and {others[-1]}"
        self.deck.status.show_row(
            (("✓ ", "good"), (f"written: {names}", "strong"), (note, "muted"))
        )

    def _export(self, chart: Chart, snapshot: Snapshot) -> tuple[dict[str, str | bytes], str]:
        """Return a chart's files by suffix, and what they lack: a PNG, or values of older steps."""
        metric = chart.metric
        curves = metric.curves(snapshot) + pinned_curves(self.deck.chart_view.pinned, metric)
        name = chart.border_texts[0] if chart.border_texts else metric.name
        title = f"{snapshot.info.name} · {name} · step {snapshot.step}"
        note = means_note(curves)
        rows = [*legend_rows(curves, chart.room.width), *chart.rows(snapshot, chart.room)]
        numbers = with_every_rate(curves, snapshot.histories) if metric is LR else curves
        files: dict[str, str | bytes] = {
            ".csv": to_csv(numbers, snapshot.branch),
            ".svg": to_svg(rows, chart.style_of, title),
        }
        try:
            files[".png"] = to_png(rows, chart.style_of, title)
        except PngError as error:
            return files, f"{note}; {error}"
        return files, note

    def _is_zoomed(self) -> bool:
        """Return whether the charts show a part of the run; if not, say so."""
        if self.deck.chart_view.span is None:
            self.deck.status.show_text("the charts show the whole run: + zooms in", "warning")
        return self.deck.chart_view.span is not None
