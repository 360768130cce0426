"""A limit on the messages of one connection in a second."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimit:
    """Limits events to a number a second on average, with short bursts of more.

    Parameters
    ----------
    per_second : events a second
    at_once : maximum number of events without a pause before
    clock : returns a monotonic time in seconds
    """

    def __init__(
        self, per_second: float, at_once: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._clock = clock
        self._credit = float(at_once)
        self._counted_at = clock()

    def wait_seconds(self) -> float:
        """Count an event, and return the seconds to wait before it is served."""
        now = self._clock()
        earned = (now - self._counted_at) * self._per_second
        self._credit = min(self._at_once, self._credit + earned) - 1
        self._counted_at = now
        return max(0.0, -self._credit / self._per_second)
