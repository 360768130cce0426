"""The overhead: what share of the run's time goes to other things than training.

Measured on the run's thread, by its clock. Training is what a run without screen and record does
too: steps, and the accuracy on the test set. All else is overhead: snapshots, what is looked at
closely, kept states and digests, the record. What a burst of steps itself loses to a screen is not
in it: cores that are shared with the drawing, and the wait for Python's lock at its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WINDOW_SECONDS = 5.0
"""Long enough for a number that can be read: a checkpoint is one of a hundred bursts."""

MIN_SECONDS = 0.5
"""Before that much is known, nothing is said."""


class OverheadMeter:
    """Sets the time spent on training against all of it; two looks at the clock for each burst.

    Parameters
    ----------
    clock : seconds that only grow
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._marks: deque[tuple[float, float]] = deque()
        self._trained = 0.0

    @contextmanager
    def training(self) -> Iterator[None]:
        """Count what is done under it as training."""
        began = self._clock()
        try:
            yield
        finally:
            self._trained += self._clock() - began

    def end_burst(self) -> None:
        """Note where a burst of steps has ended; the first one only starts the watch."""
        now = self._clock()
        self._marks.append((now, self._trained))
        while len(self._marks) > 2 and self._marks[1][0] <= now - WINDOW_SECONDS:
            self._marks.popleft()

    def reset(self) -> None:
        """Forget what was measured: the training stands."""
        self._marks.clear()

    def share(self) -> float | None:
        """Return the share over the window, from 0 to 1; None while that cannot be said."""
        if len(self._marks) < 2:
            return None
        (start, before), (end, after) = self._marks[0], self._marks[-1]
        if end - start < MIN_SECONDS:
            return None
        return min(1.0, max(0.0, 1.0 - (after - before) / (end - start)))
