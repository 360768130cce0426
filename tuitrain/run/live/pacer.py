"""The pace of a run: its steps are spread over time, so that a user can watch them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

BURST_SECONDS: Final = 0.04
"""The time over which one burst's steps are spread: 25 bursts a second look smooth."""

MAX_LAG_SECONDS: Final = 0.1
"""How far a run that was late may catch up."""


class Pacer:
    """Says when the next burst of a run with a pace is due, and how many steps it has.

    A pace is in steps a second; None means no limit.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = -math.inf
        self._steps = 0
        self._pace: float | None = None

    def seconds_to_next(self, pace: float | None) -> float:
        """Return the seconds until the next burst is due; 0.0 if it is."""
        return max(0.0, self._due(pace) - self._clock()) if pace else 0.0

    def burst_steps(self, pace: float | None) -> int | None:
        """Return the maximum number of steps of the next burst; None for no limit."""
        return max(1, round(pace * BURST_SECONDS)) if pace else None

    def start_burst(self, pace: float | None) -> None:
        """Note that a burst starts."""
        now = self._clock()
        self._started = max(self._due(pace), now - MAX_LAG_SECONDS) if pace else now
        self._steps, self._pace = 0, pace

    def count(self, steps: int) -> None:
        """Count the steps that the burst has taken."""
        self._steps = steps

    def _due(self, pace: float) -> float:
        """Return when the next burst is due: after a change of the pace, within one step."""
        steps = self._steps if pace == self._pace else min(self._steps, 1)
        return self._started + steps / pace
