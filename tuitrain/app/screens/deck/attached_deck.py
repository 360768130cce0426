"""The screen over a live run of another process: leaving it leaves the run alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ...source import Source
from .deck import Controller
from .flight_deck import FlightDeck


class AttachedDeck(FlightDeck):
    """The flight deck over a run that another process trains.

    Parameters
    ----------
    source, clock, record, read_only : as those of `FlightDeck`
    record_place : host and folder of a record that is on another machine; "" if it is on this one
    """

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        record: Path | None = None,
        read_only: bool = False,
        record_place: str = "",
    ) -> None:
        super().__init__(source, clock, record, read_only)
        if record_place:
            self.no_record_notice = (
                f"the record is at {record_place}: tuitrain save writes it there"
            )
        self.register([LeaveAlone(self)])


class LeaveAlone(Controller):
    """Leaves the screen, and not the run; replaces the flight deck's action."""

    def action_quit(self) -> None:
        """Leave at once: the run continues."""
        self.deck.app.exit()
