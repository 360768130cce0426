"""The overhead: the share of the run's time not spent on training.

It is measured on the run's thread. Training is the work of a run without screen and record: steps,
and the accuracy on the test set. All other work is overhead: snapshots, inspections, cached states,
digests, the record. The time that a burst loses to the screen is not
included: cores shared with the drawing, and the wait for Python's lock at its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

WINDOW_SECONDS = 5.0
"""Seconds of the window, long enough for a stable number: one burst in a hundred saves a
checkpoint."""

MIN_SECONDS = 0.5
"""Seconds of the shortest window that has a share."""


class OverheadMeter:
    """Compares the time spent on training with all time; reads the clock twice a burst.

    Parameters
    ----------
    clock : returns a monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, float]] = deque()
        self._trained = 0.0

    @contextmanager
    def training(self) -> Generator[None, None, None]:
        """Count the time inside as training."""
        start = self._clock()
        try:
            yield
        finally:
            self._trained += self._clock() - start

    @contextmanager
    def interruption(self) -> Generator[None, None, None]:
        """Count the time inside as overhead, although the engine is at work."""
        start = self._clock()
        try:
            yield
        finally:
            self._trained -= self._clock() - start

    def end_burst(self) -> None:
        """Note the end of a burst of steps; the first one only starts the measurement."""
        now = self._clock()
        self._marks.append((now, self._trained))
        while len(self._marks) > 2 and self._marks[1][0] <= now - WINDOW_SECONDS:
            self._marks.popleft()

    def reset(self) -> None:
        """Forget the measurement, because the training pauses."""
        self._marks.clear()

    def share(self) -> float | None:
        """Return the share over the window, from 0 to 1; None while it is not known."""
        if len(self._marks) < 2:
            return None
        (start, before), (end, after) = self._marks[0], self._marks[-1]
        if end - start < MIN_SECONDS:
            return None
        return min(1.0, max(0.0, 1.0 - (after - before) / (end - start)))
