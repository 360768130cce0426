"""The keys that open the views of weights, network and samples, and what these views can do."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.engines.inspection import InspectionRequest
from tuitrain.run.snapshot import Snapshot

from ...renderables.tables.groups import TableRow
from ...widgets.status_line import StatusLine
from ..inspection.batch import BatchScreen
from ..inspection.network import NetworkScreen
from ..inspection.weights import WeightsScreen, parameter_of
from .deck import Controller, Deck
from .row_selection import RowSelection


class InspectionActions(Controller):
    """Opens the views, and is the `InspectionHost` that they inspect and steer the run through."""

    def __init__(self, deck: Deck, selection: RowSelection) -> None:
        super().__init__(deck)
        self._selection = selection

    def action_weights(self) -> None:
        """Inspect the selected parameter, or a group's largest."""
        snapshot, targets = self._built_snapshot(), self._selection.targets
        if snapshot is not None and targets:
            self.deck.app.push_screen(WeightsScreen(self, parameter_of(targets[0], snapshot)))
        elif snapshot is not None:
            self.deck.status.show_text(snapshot.note or "no parameter is selected", "warning")

    def action_network(self) -> None:
        """Inspect the network, and where its gradient flows."""
        if self._built_snapshot() is not None:
            self.deck.app.push_screen(NetworkScreen(self))

    def action_batch(self) -> None:
        """Inspect samples and predictions."""
        if self._built_snapshot() is not None:
            self.deck.app.push_screen(BatchScreen(self))

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot of the run."""
        return self.deck.snapshot

    @property
    def status(self) -> StatusLine:
        """The deck's reply line."""
        return self.deck.status

    @property
    def can_steer(self) -> bool:
        """Whether the run takes commands."""
        snapshot = self.deck.snapshot
        return not self.deck.read_only and snapshot is not None and not snapshot.phase.ended

    @property
    def read_only(self) -> bool:
        """Whether this screen steers no run."""
        return self.deck.read_only

    def is_frozen(self, row: TableRow) -> bool:
        """Return whether everything that a row names is frozen."""
        return self._selection.is_row_frozen(row)

    def inspect(self, request: InspectionRequest | None) -> None:
        """Request the inspection of coming snapshots; None ends it."""
        self.deck.source.inspect(request)

    def run_on(self, rows: Sequence[TableRow], action: str) -> None:
        """Run an action of the deck on rows that a view has selected, or on the table's targets."""
        with self._selection.overridden(rows):
            getattr(self.deck, f"action_{action}")()

    def _built_snapshot(self) -> Snapshot | None:
        """Return a snapshot of a run with a network; else show why not and return None.

        The record of a script has a network without groups.
        """
        snapshot = self.deck.snapshot
        if snapshot is None or not (snapshot.groups or snapshot.phase.is_record):
            self.deck.status.show_too_early("nothing to look at")
            return None
        return snapshot
