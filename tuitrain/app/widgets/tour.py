"""The panel of the tour: a panel of the deck to look at, and the key to press."""

from __future__ import annotations

from collections.abc import Sequence

from textual.css.query import NoMatches

from tuitrain.run.snapshot import Snapshot

from ..framework.content import assemble
from ..keys.keymap import key_label
from ..renderables.tables.groups import TableRow
from ..tour_progress import Prompt, SelectedRow, TourProgress
from ..tour_steps import TourStep
from .no_markup import Static


class TourPanel(Static):
    """A panel that is visible during a tour; it marks the border of the panel that it describes."""

    def __init__(self) -> None:
        super().__init__(id="tour", classes="panel")
        self._progress: TourProgress | None = None
        self._snapshot: Snapshot | None = None
        self._row = SelectedRow()
        self._shown: tuple[int, Prompt] | None = None

    @property
    def active(self) -> bool:
        """Whether a tour is shown."""
        return self._progress is not None

    def start(self, steps: Sequence[TourStep], read_only: bool = False) -> None:
        """Show the first step.

        Parameters
        ----------
        read_only : whether the screen refuses commands
        """
        self._progress = TourProgress(steps, self._snapshot, read_only)
        self._settle()

    def stop(self) -> None:
        """End the tour."""
        self._progress = None
        self._settle()

    def skip(self) -> None:
        """Show the next step."""
        if self._progress is not None:
            self._progress.skip()
            self._settle()

    def advance_on(self, action: str) -> None:
        """Show the next step if the action is the one that this step asks for."""
        if self._progress is not None:
            self._progress.act(action)
            self._settle()

    def follow(self, snapshot: Snapshot, row: TableRow | None) -> None:
        """Show the step that the run and the selected row ask for."""
        self._snapshot = snapshot
        self._row = SelectedRow() if row is None else SelectedRow(row.group, row.is_group)
        if self._progress is not None:
            self._settle()

    def _settle(self) -> None:
        progress, snapshot = self._progress, self._snapshot
        if progress is not None and snapshot is not None:
            progress.follow(snapshot, self._row)
        if progress is None or snapshot is None or progress.is_over:
            self._progress = None
            self._show(None)
        else:
            self._show((progress.at, progress.prompt(snapshot, self._row)))

    def _show(self, shown: tuple[int, Prompt] | None) -> None:
        """Show a prompt and its number, unless it is shown already; None hides the panel."""
        if shown == self._shown:
            return
        if self._shown is not None:
            self._point(self._shown[1].panel, False)
        self._shown = shown
        self.display = shown is not None
        self.screen.set_class(self.display, "-touring")
        self.screen.set_class(shown is not None and shown[1].panel == "journal", "-tour-journal")
        if shown is not None and self._progress is not None:
            at, prompt = shown
            self._point(prompt.panel, True)
            self.border_title = f"tour {at + 1} / {len(self._progress.steps)}"
            self.border_subtitle = f"{key_label(self.app, 'tour')} next   esc ends it"
            before, _, after = prompt.text.partition("{key}")
            key = f" {key_label(self.app, prompt.name)} " if prompt.name else ""
            self.update(assemble(before, (key, "bold reverse"), after))

    def _point(self, panel: str, pointed: bool) -> None:
        try:
            self.screen.query_one(f"#{panel}").set_class(pointed, "-pointed")
        except NoMatches:
            return
