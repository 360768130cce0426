"""The throughput: samples a second over about the last second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 1.0
"""Seconds over which the throughput is measured."""


class ThroughputMeter:
    """Counts samples against a clock.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, samples: int) -> None:
        """Count the samples of a burst that has just ended.

        The first count after a `reset` only starts the measurement, because the start of its burst
        is not known.
        """
        now = self._clock()
        self._total += samples
        self._marks.append((now, self._total))
        while len(self._marks) > 2 and self._marks[1][0] <= now - WINDOW_SECONDS:
            self._marks.popleft()

    def reset(self) -> None:
        """Forget the counts, because the training pauses."""
        self._marks.clear()

    def per_second(self) -> float:
        """Return samples a second over the window; 0.0 while it is not known."""
        if len(self._marks) < 2:
            return 0.0
        (start, before), (end, after) = self._marks[0], self._marks[-1]
        return (after - before) / (end - start) if end > start else 0.0
