"""The rhythm of the screen: when the run is looked at, and whose turn it is to be drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

TURN_COUNT: Final = 3
"""Charts and the parameter's panel, which cost most, are drawn in turns: each at every third look,
and never all of them in one go, for nobody can press a key meanwhile."""

MAX_CPU_SHARE: Final = 0.25
"""How much of a processor the screen takes for itself; where a look costs more, it looks less
often. Training on two threads of two processors goes at the pace of the one that is shared."""

MAX_INTERVAL: Final = 0.5
"""Seconds: that often it looks whatever it costs."""


class RefreshScheduler:
    """Says whether to look at the run, from what the last looks cost.

    Parameters
    ----------
    clock : seconds, from anywhere
    used : seconds that the screen's thread has used of a processor
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
        """Whether to look now; if so, the next rest begins."""
        now, used = self._clock(), self._used()
        rested, spent = now - self._last[0], used - self._last[1]
        if spent > MAX_CPU_SHARE * rested and rested < MAX_INTERVAL:
            return False
        self._last = now, used
        return True

    def next_turn(self) -> int:
        """Return whose turn it is, and let the next have the next one."""
        self._turn = (self._turn + 1) % TURN_COUNT
        return self._turn
