"""The comparison of learning rates that were tried."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult

from tuitrain.run.snapshot import LrSweep, Snapshot

from ...renderables.charts.lr_sweep import MIN_FINDER_RATES
from ...renderables.formatting import format_count
from ...widgets.charts.lr_sweep import LrFinder, SweepCurves, SweepPanel, SweepTable
from ...widgets.no_markup import Horizontal
from .command_dialog import CommandDialog


class CompareRatesDialog(CommandDialog):
    """Compares the candidates; enter switches to the selected one's branch."""

    verb = "try"
    AUTO_FOCUS = "#tried-table"

    def __init__(self, snapshot: Snapshot, sweep: LrSweep) -> None:
        super().__init__(
            f"what if: lr {sweep.target}, {format_count(sweep.steps)} steps from step "
            f"{format_count(sweep.step)}"
        )
        self._snapshot = snapshot
        self._sweep = sweep

    def compose_body(self) -> ComposeResult:
        """Compose the charts over the table."""
        sweep = self._sweep
        views: list[SweepPanel] = [SweepCurves(sweep), SweepTable(sweep)]
        if len({candidate.value for candidate in sweep.candidates}) >= MIN_FINDER_RATES:
            views.insert(1, LrFinder(sweep))
        for view in views:
            view.snapshot = self._snapshot
        *charts, table = views
        yield Horizontal(*charts, id="tried-charts")
        table.styles.height = 1 + len(sweep.candidates)
        yield table

    def keys(self) -> str:
        """Return the keys, as markup."""
        return "[b]enter[/] continue with it   [b]esc[/] stay where the run is   [b]↑ ↓[/] choose"

    def on_mount(self) -> None:
        """Select the best candidate."""
        self.query_one(".dialog").add_class("what-if")
        self.query_one(SweepTable).choose_best()
        super().on_mount()

    @on(SweepTable.Chosen)
    def _show(self, event: SweepTable.Chosen) -> None:
        for view in self.query(SweepPanel):
            view.chosen = event.place
        self.show_command()

    def command_text(self) -> str:
        """Return ``branch NAME``."""
        return f"branch {self._sweep.candidates[self.query_one(SweepTable).chosen].branch}"

    def problem(self) -> str:
        """Return that the run is on the candidate's branch already, if so."""
        chosen = self._sweep.candidates[self.query_one(SweepTable).chosen]
        on_it = chosen.branch == self._snapshot.branch
        return f"the run is on branch {chosen.branch} already" if on_it else ""
