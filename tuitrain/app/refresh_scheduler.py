"""When the screen polls the run, and which panels are drawn then."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

TURN_COUNT: Final = 3
"""Charts and the parameter's panel, which cost most, are drawn at every third refresh each. Drawn
together they would block keys for too long."""

MAX_CPU_SHARE: Final = 0.25
"""The share of one processor that the screen may use; where a refresh costs more, it refreshes less
often. Training on two threads of two processors has the speed of the shared one."""

MAX_INTERVAL: Final = 0.5
"""Seconds after which the screen refreshes in any case."""


class RefreshScheduler:
    """Decides when to refresh, from the cost of the last refreshes.

    Parameters
    ----------
    clock : returns seconds, from any start
    used : returns the processor seconds that the screen's thread has used
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.thread_time,
    ) -> None:
        self._clock = clock
        self._used = used
        self._last = clock(), used()
        self._turn = 0

    def is_due(self) -> bool:
        """Return whether to refresh now; if so, the next interval begins."""
        now, used = self._clock(), self._used()
        rested, spent = now - self._last[0], used - self._last[1]
        if spent > MAX_CPU_SHARE * rested and rested < MAX_INTERVAL:
            return False
        self._last = now, used
        return True

    def next_turn(self) -> int:
        """Return the number of the next turn, in a cycle."""
        self._turn = (self._turn + 1) % TURN_COUNT
        return self._turn
