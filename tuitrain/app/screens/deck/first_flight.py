"""The first flight: its tour, and its result."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.run.snapshot import Phase, Snapshot

from ...flight_results import FlightResults
from ...keys.keymap import key_label
from ...tour_steps import FIRST_FLIGHT_STEPS, TOUR_STEPS, TourStep
from ...widgets.tour import TourPanel
from ..dialogs.flight_result import FlightResultDialog
from .deck import Controller, Deck


class FirstFlight(Controller):
    """The hints and the result of the first flight; for other runs it shows nothing.

    Parameters
    ----------
    rewind : asks for the step to go back to

    Attributes
    ----------
    results : keeps the best result; None for another run
    """

    def __init__(self, deck: Deck, rewind: Callable[[], None]) -> None:
        super().__init__(deck)
        self._rewind = rewind
        self.results: FlightResults | None = None
        self._is_over = False
        self._was_offered = False

    @property
    def tour_steps(self) -> tuple[TourStep, ...]:
        """The steps of the tour that this run can follow."""
        snapshot = self.deck.snapshot
        has_ended = snapshot is not None and snapshot.phase.ended
        is_steered = self.results is not None and not self.deck.read_only and not has_ended
        return FIRST_FLIGHT_STEPS if is_steered else TOUR_STEPS

    def follow(self, snapshot: Snapshot) -> None:
        """Show the result when the run has taken its last step; end the tour when the run ends."""
        if self.results is None or not snapshot.phase.ended:
            self._is_over = False
            return
        if self._is_over:
            return
        if snapshot.phase is not Phase.FINISHED:
            self._is_over = True
            self.deck.query_one(TourPanel).stop()
            return
        result, best = self.results.note(snapshot)
        if result is not None:  # the last measurement may come with a later snapshot
            self._is_over = True
            self.deck.query_one(TourPanel).stop()
            self.deck.app.push_screen(FlightResultDialog(result, best), self._act)

    def offer_tour(self, snapshot: Snapshot) -> None:
        """Show once the record to beat, and the key of the tour, unless the tour is shown."""
        is_under_way = snapshot.phase in (Phase.RUNNING, Phase.PAUSED)
        if self._was_offered or self.results is None or not is_under_way:
            return
        self._was_offered = True
        if self.deck.query_one(TourPanel).active or self.deck.status.message:
            return
        tour = f"{key_label(self.deck.app, 'tour')} starts the tour"
        if (best := self.results.best()) is not None:
            tour = f"the record to beat is {best.accuracy:.1%}, of {best.day}: {tour}"
        self.deck.status.show_text(tour)

    def _act(self, rewinds: bool | None) -> None:
        if rewinds:
            self._rewind()
