"""The pace: how many steps a burst has, and how many threads share them.

Both are chosen by what was measured before. Neither changes a bit of the result.
"""

from __future__ import annotations

import math
import os

from tuitrain.errors import RefusedError
from tuitrain_core.program.plan import MOST_THREADS

BURST_SECONDS = 0.04
"""How long a burst shall last: the longest that a snapshot waits. A command interrupts it.

Between two bursts Python takes some .6 ms, and waits for a screen that is being drawn.
"""

FIRST_BURST = 4
"""Steps in the first burst, of which nobody knows yet how long they take."""

LOOK_AGAIN = 64
"""Bursts after which one thread is tried again, where more are faster."""

FREE_AGAIN = 24
"""Bursts after which more are tried again, where one is: a core may be free by then."""

TRIED, USED = 0.5, 0.2
"""How much a burst counts beside those before it: one that is tried, and one of many alike.

One that met a screen being drawn says little of the next; it had two threads given up for seconds.
"""

MARGIN = 0.95
"""How much less time threads must take to be worth the core that they keep from others."""

VARIABLE = "TUITRAIN_THREADS"


def most_threads() -> int:
    """Return how many threads may share a step: at most two, or what the variable says.

    Raises
    ------
    RefusedError : it does not say a whole number from 1 to `MOST_THREADS`
    """
    given = os.environ.get(VARIABLE, "")
    if given:
        if given.isdecimal() and 1 <= int(given) <= MOST_THREADS:
            return int(given)
        raise RefusedError(
            f"{VARIABLE} takes a whole number from 1 to {MOST_THREADS}, but is {given!r}"
        )
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)


class Pace:
    """Measures bursts, and says what the next one shall be.

    Parameters
    ----------
    most : threads that may share a step
    """

    def __init__(self, most: int) -> None:
        self._choices = (1,) if most == 1 else (1, most)
        self._seconds = dict.fromkeys(self._choices, math.nan)
        self._bursts = 0

    @property
    def threads(self) -> int:
        """The number of threads for the next burst."""
        for choice in self._choices:
            if math.isnan(self._seconds[choice]):
                return choice
        alone, together = self._choices[0], self._choices[-1]
        best = self.best
        if best == together:
            return alone if self._bursts % LOOK_AGAIN == 0 else together
        return together if self._bursts % FREE_AGAIN == 0 else alone

    @property
    def best(self) -> int:
        """The number of threads that was fastest; one until both are known."""
        alone, together = self._choices[0], self._choices[-1]
        worth = self._seconds[together] < MARGIN * self._seconds[alone]
        return together if worth else alone

    @property
    def steps(self) -> int:
        """The number of steps in the next burst, 1 or more."""
        known = [each for each in self._seconds.values() if not math.isnan(each)]
        return max(1, int(BURST_SECONDS / min(known))) if known else FIRST_BURST

    def note(self, threads: int, steps: int, seconds: float) -> None:
        """Take note of a burst; the first of its kind, which warms up, counts for little."""
        self._bursts += 1
        took = max(seconds / steps, 1e-7)
        before, weight = self._seconds[threads], USED if threads == self.best else TRIED
        if math.isnan(before) or (weight == TRIED and took < before):
            self._seconds[threads] = took  # what was before had warmed up, or met somebody
        else:
            self._seconds[threads] = before + weight * (took - before)
