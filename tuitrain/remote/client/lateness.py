"""How late a screen is: the round trip of a ping, or the time without a message from the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..wire.messages import Ping, Pong

PING_SECONDS: Final = 1.0
"""Seconds between two pings, from which the screen knows how late it is."""

LATE_SECONDS: Final = 1.0
"""A screen that is less late than this does not mention it."""


class Lateness:
    """Measures how late a screen is.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heard_at = self._pinged_at = clock()
        self._number = 0
        self._round_trip = 0.0

    @property
    def seconds(self) -> float | None:
        """The seconds by which the screen is late; None for fewer than `LATE_SECONDS`."""
        silence = self._clock() - self._heard_at - PING_SECONDS
        late = max(self._round_trip, silence)
        return round(late, 1) if late >= LATE_SECONDS else None

    def note_message(self) -> None:
        """Note that the run has sent something."""
        self._heard_at = self._clock()

    def make_ping(self) -> Ping:
        """Return the next ping."""
        self._number += 1
        self._pinged_at = self._clock()
        return Ping(self._number)

    def note_pong(self, pong: Pong) -> None:
        """Note the answer to the last ping; an answer to an earlier one is ignored."""
        if pong.number == self._number:
            self._round_trip = self._clock() - self._pinged_at
