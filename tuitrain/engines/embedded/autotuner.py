"""The pace: how many steps a burst has, and how many threads share them.

Both are chosen by what was measured before. Neither changes a bit of the result.
"""

from __future__ import annotations

import math

BURST_SECONDS = 0.04
"""The length of a burst, and so the longest wait for a snapshot. A command interrupts it.

Between two bursts Python takes some .6 ms, and waits for a screen that is being drawn.
"""

TRIAL_BURST_SECONDS = BURST_SECONDS / 4
"""The same while another number of threads is tried. Two threads that share one free core have
taken twenty times as long as one."""

FIRST_BURST = 4
"""Steps in the first burst, whose duration is not known yet."""

FIRST_RETRY = 2
"""Bursts after which the other number of threads is tried again, at first; then twice as many.

What was measured first is measured cold. LeNet at B=1 took two threads for 2.5 s because of that,
and half as long again for each step.
"""

MAX_RETRY_FASTER = 64
"""Bursts, at the most, after which one thread is tried again, where more are faster."""

MAX_RETRY_SLOWER = 24
"""The same where one thread is faster, and more are tried again: a core may be free by then."""

WARM_UP_BURSTS = 2
"""Bursts of each kind that are taken first."""

TRIED, USED = 0.5, 0.2
"""How much a burst counts beside those before it: one that is tried, and one of many alike.

One that met a screen being drawn says little of the next; it had two threads given up for seconds.
"""

MIN_SPEEDUP = 0.95
"""How much less time threads must take to be worth the core that they keep from others."""


class Autotuner:
    """Measures bursts, and chooses steps and threads of the next one.

    Parameters
    ----------
    max_threads : threads that may share a step
    """

    def __init__(self, max_threads: int) -> None:
        self._choices = (1,) if max_threads == 1 else (1, max_threads)
        self._seconds = dict.fromkeys(self._choices, math.nan)
        self._noted = dict.fromkeys(self._choices, 0)
        self._pause = self._until_look = FIRST_RETRY

    @property
    def threads(self) -> int:
        """The number of threads for the next burst."""
        if self._unmeasured is not None:
            return self._unmeasured
        return self.best_threads if self._until_look else self._other

    @property
    def _unmeasured(self) -> int | None:
        few = [choice for choice in self._choices if self._noted[choice] < WARM_UP_BURSTS]
        return few[0] if few else None

    @property
    def _other(self) -> int:
        return self._choices[0] if self.best_threads == self._choices[-1] else self._choices[-1]

    @property
    def best_threads(self) -> int:
        """The number of threads that was fastest; one until both are known."""
        alone, together = self._choices[0], self._choices[-1]
        worth = self._seconds[together] < MIN_SPEEDUP * self._seconds[alone]
        return together if worth else alone

    @property
    def steps(self) -> int:
        """The number of steps in the next burst, 1 or more."""
        known = [item for item in self._seconds.values() if not math.isnan(item)]
        if not known:
            return FIRST_BURST
        seconds = BURST_SECONDS if self.threads == self.best_threads else TRIAL_BURST_SECONDS
        return max(1, int(seconds / min(known)))

    def record_burst(self, threads: int, steps: int, seconds: float) -> None:
        """Record a burst's time; the next one replaces the first of its kind, which warms up."""
        measuring, tried = self._unmeasured is not None, threads != self.best_threads
        self._noted[threads] += 1
        took = max(seconds / steps, 1e-7)
        before, weight = self._seconds[threads], TRIED if tried else USED
        if self._noted[threads] <= WARM_UP_BURSTS or (tried and took < before):
            self._seconds[threads] = took  # the burst before warmed up, or shared its core
        else:
            self._seconds[threads] = before + weight * (took - before)
        if not measuring:
            self._plan_look(tried)

    def _plan_look(self, looked: bool) -> None:
        """Count down to the next trial of the other number of threads."""
        if looked:
            max_pause = (
                MAX_RETRY_SLOWER if self.best_threads == self._choices[0] else MAX_RETRY_FASTER
            )
            self._pause = min(2 * self._pause, max_pause)
            self._until_look = self._pause
        elif self._until_look:
            self._until_look -= 1

    def invalidate(self) -> None:
        """Measure both choices again soon: the steps have changed."""
        self._pause = self._until_look = FIRST_RETRY
