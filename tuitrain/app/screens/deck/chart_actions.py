"""What the keys of the charts do: which quantity, which part of the run, the cross-hair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.reactive import reactive

from tuitrain.app.export.chart_files import legend_rows, to_csv, to_svg, write_new_files
from tuitrain.app.export.png import PngError, to_png
from tuitrain.app.renderables.charts.chart import last_step
from tuitrain.app.renderables.charts.chart_view import ChartView
from tuitrain.app.renderables.charts.metrics import LOSS, METRICS, Metric, companion_metrics
from tuitrain.app.renderables.charts.pinned_runs import PinnedRun, pinned_curves
from tuitrain.app.widgets.charts.chart import Chart
from tuitrain.errors import TuitrainError
from tuitrain.scenario.past.runs import past_runs

from ..run_choice.compare import NO_RUN, RunsScreen
from .command_actions import Acts

FIRST, SECOND, THIRD, FOURTH = "loss", "accuracy", "third", "fourth"
"""The places of the charts, which are named for what they show at the start."""


class Charting(Acts):
    """The acts on the charts. They concern what is seen alone; the run is not asked."""

    chart_view: reactive[ChartView] = reactive(ChartView(), init=False, repaint=False)
    """What part of the run all charts show, and how."""

    quantity: Metric = LOSS
    """What the first chart shows."""

    runs_in: Path | None = None
    """The folder whose runs can be drawn beside this one."""

    def compare_with(self, runs_in: Path, pinned: tuple[PinnedRun, ...] = ()) -> None:
        """Say where past runs are found, and which are drawn from the start."""
        self.runs_in = runs_in
        self.set_reactive(Charting.chart_view, replace(self.chart_view, pinned=pinned))

    def charts(self) -> list[Chart]:
        """Make the charts, the first of which goes through all that can be shown."""
        places = (FIRST, SECOND, THIRD, FOURTH)
        shown = zip((LOSS, *companion_metrics(LOSS)), places, (0, 1, 2, 1), strict=True)
        return [Chart(quantity, place, turn) for quantity, place, turn in shown]

    def action_log_loss(self) -> None:
        """Switch between linear axes and logarithmic ones."""
        self.chart_view = replace(self.chart_view, logarithmic=not self.chart_view.logarithmic)

    def action_smooth(self) -> None:
        """Draw running means, or the values alone."""
        self.chart_view = replace(self.chart_view, smooth=not self.chart_view.smooth)

    def action_quantity(self, by: int) -> None:
        """Let the first chart show the next quantity, either way."""
        self.show_quantity(METRICS[(METRICS.index(self.quantity) + by) % len(METRICS)])

    def show_quantity(self, quantity: Metric) -> None:
        """Let the first chart show a quantity, and the others none that it shows."""
        self.quantity = quantity
        for chart, shown in zip(
            self.query(Chart), (quantity, *companion_metrics(quantity)), strict=True
        ):
            chart.show(shown)

    def action_zoom(self, factor: float) -> None:
        """Show so many times as many steps."""
        if factor < 1 or self._zoomed():
            self.chart_view = self.chart_view.zoom(factor, self._last)

    def action_pan(self, share: float) -> None:
        """Move what is shown by a share of it."""
        if self._zoomed():
            self.chart_view = self.chart_view.pan(share, self._last)

    def action_whole_run(self) -> None:
        """Show the whole run again."""
        if self._zoomed():
            self.chart_view = replace(self.chart_view, span=None, end=None)

    def action_cross_hair(self) -> None:
        """Read values at a step, or no longer."""
        now = None if self.snapshot is None else self.snapshot.step
        self.chart_view = self.chart_view.toggle_crosshair(self._last, now)

    def action_export(self) -> None:
        """Write the chart that has the focus, else the first, into files: numbers and pictures."""
        if (snapshot := self.snapshot) is None:
            return
        chart = self.focused if isinstance(self.focused, Chart) else self.query(Chart).first()
        quantity = chart.metric
        stem = f"{snapshot.info.name}-{quantity.file_stem}-{snapshot.step}"
        curves = quantity.curves(snapshot) + pinned_curves(self.chart_view.pinned, quantity)
        numbers = to_csv(curves, snapshot.branch)
        named = chart.border_texts[0] if chart.border_texts else quantity.name
        title = f"{snapshot.info.name} · {named} · step {snapshot.step}"
        rows = [*legend_rows(curves, chart.room.width), *chart.rows(snapshot, chart.room)]
        drawn = rows, chart.style_of, title
        files: dict[str, str | bytes] = {".csv": numbers, ".svg": to_svg(*drawn)}
        less = ""
        try:
            files[".png"] = to_png(*drawn)
        except PngError as error:
            less = f"; {error}"
        try:
            written = write_new_files(Path.cwd(), stem, files)
        except TuitrainError as error:
            self.status.show_text(f"✗ {error}", "bad")
        else:
            first, *others = (each.suffix for each in written)
            names = f"{written[0].stem}{', '.join([first, *others[:-1]])} and {others[-1]}"
            self.status.show_row((("✓ ", "good"), (f"written: {names}", "strong"), (less, "muted")))

    def action_runs(self) -> None:
        """List past runs, to draw some of them beside this one."""
        if self.runs_in is None:
            self.status.show_text("no folder of past runs is known here", "warning")
            return
        try:
            runs = past_runs(self.runs_in)
        except TuitrainError as error:
            self.status.show_text(f"✗ {error}", "bad")
            return
        others = [each for each in runs if each.folder != self.record]

        def chosen(pinned: tuple[PinnedRun, ...] | None) -> None:
            self.chart_view = replace(self.chart_view, pinned=pinned or ())

        shown = self.snapshot or NO_RUN
        self.app.push_screen(RunsScreen(shown, others, self.chart_view.pinned), chosen)

    def _zoomed(self) -> bool:
        """Whether a part of the run is shown; if not, say that."""
        if self.chart_view.span is None:
            self.status.show_text("the charts show the whole run: + zooms in", "warning")
        return self.chart_view.span is not None

    def watch_chart_view(self) -> None:
        """Name what the arrow keys do now."""
        self.show_keys()

    @property
    def _last(self) -> int:
        if self.snapshot is None:
            return 2
        return last_step(self.snapshot, self.chart_view.pinned)
