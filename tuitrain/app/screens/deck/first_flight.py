"""The first flight: its tour, and its result."""

from __future__ import annotations

from collections.abc import Callable

from tuitrain.run.snapshot import Phase, Snapshot

from ...flight_results import FlightResults
from ...tour_steps import FIRST_FLIGHT_STEPS, TOUR_STEPS, TourStep
from ...widgets.tour import TourPanel
from ..dialogs.flight_result import FlightResultDialog
from .deck import Controller, Deck


class FirstFlight(Controller):
    """What is particular to the first flight; of other runs it shows nothing.

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

    @property
    def tour_steps(self) -> tuple[TourStep, ...]:
        """The steps of the tour."""
        return TOUR_STEPS if self.results is None else FIRST_FLIGHT_STEPS

    def follow(self, snapshot: Snapshot) -> None:
        """Show the result when the run has taken its last step."""
        if self.results is None or snapshot.phase is not Phase.FINISHED:
            self._is_over = False
            return
        if self._is_over:
            return
        result, best = self.results.note(snapshot)
        if result is not None:  # the last measurement may come with a later snapshot
            self._is_over = True
            self.deck.query_one(TourPanel).stop()
            self.deck.app.push_screen(FlightResultDialog(result, best), self._act)

    def _act(self, rewinds: bool | None) -> None:
        if rewinds:
            self._rewind()
