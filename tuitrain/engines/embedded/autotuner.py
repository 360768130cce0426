"""Chooses how many steps a burst has, and how many threads share them.

It chooses by earlier measurements. Neither choice changes a bit of the result.
"""

from __future__ import annotations

import math

BURST_SECONDS = 0.04
"""Seconds in a burst, and so the longest wait for a snapshot. A command interrupts it.

Between two bursts Python takes about 0.6 ms, and may wait while the screen is drawn.
"""

TRIAL_BURST_SECONDS = BURST_SECONDS / 4
"""Seconds in a burst that tries another number of threads: two threads on one free core took twenty
times as long as one."""

TRIAL_SHARE = 0.5
"""Share of the steps of a trial after which it has ended.

Trials of one step, at the ends of epochs, once left the MLP under the screen on one thread for
seconds, at 0.7 times its speed.
"""

FIRST_BURST = 4
"""Steps in the first burst, whose duration is not known yet."""

FIRST_RETRY = 2
"""Bursts before the other number of threads is tried again; the interval then doubles.

The first measurements are cold: because of them LeNet at B=1 once ran on two threads for 2.5 s, at
1.5 times the duration of a step.
"""

MAX_RETRY_FASTER = 64
"""Maximum number of bursts before one thread is tried again, where more threads are faster."""

MAX_RETRY_SLOWER = 24
"""Maximum number of bursts before more threads are tried again, where one is faster: a core may
have become free."""

WARM_UP_BURSTS = 2
"""Bursts of each kind that are measured first."""

FASTER, TRIED, USED = 1.0, 0.5, 0.2
"""The weight of a new measurement against the earlier ones: for a trial that is faster than they
are, for another trial, and for a repeated choice.

A burst during which the screen was drawn predicts little: one such burst once ruled out two threads
for seconds. A burst that ends early has less weight: its step may be the last of an epoch, with few
samples.
"""

MIN_SPEEDUP = 0.95
"""How much less time two threads must take to be worth the core that they occupy."""


class Autotuner:
    """Measures bursts, and chooses steps and threads of the next one.

    Parameters
    ----------
    max_threads : threads that may share a step
    """

    def __init__(self, max_threads: int) -> None:
        self._choices = (1,) if max_threads == 1 else (1, max_threads)
        self._seconds = dict.fromkeys(self._choices, math.nan)
        self._burst_counts = dict.fromkeys(self._choices, 0)
        self._retry_interval = self._bursts_until_retry = FIRST_RETRY
        self._tried = 0.0

    @property
    def threads(self) -> int:
        """The number of threads for the next burst."""
        if self._unmeasured is not None:
            return self._unmeasured
        return self.best_threads if self._bursts_until_retry else self._other

    @property
    def _unmeasured(self) -> int | None:
        few = [choice for choice in self._choices if self._burst_counts[choice] < WARM_UP_BURSTS]
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
        known = [seconds for seconds in self._seconds.values() if not math.isnan(seconds)]
        if not known:
            return FIRST_BURST
        seconds = BURST_SECONDS if self.threads == self.best_threads else TRIAL_BURST_SECONDS
        return max(1, int(seconds / min(known)))

    def record_burst(self, threads: int, steps: int, seconds: float) -> None:
        """Record a burst's time; the next one replaces the first of its kind, which warms up."""
        measuring, best = self._unmeasured is not None, self.best_threads
        tried, share = threads != best, min(1.0, steps / self.steps)
        self._burst_counts[threads] += 1
        before, took = self._seconds[threads], max(seconds / steps, 1e-7)
        if self._burst_counts[threads] <= WARM_UP_BURSTS:
            self._seconds[threads] = took  # the burst before warmed up
        else:
            weight = (FASTER if took < before else TRIED) if tried else USED
            self._seconds[threads] = before + weight * share * (took - before)
        if measuring:
            return
        if self.best_threads == best:
            self._schedule_retry(share if tried else 0.0)
        else:
            self.invalidate()

    def _schedule_retry(self, tried: float) -> None:
        """Count down to the next trial of the other number of threads.

        Parameters
        ----------
        tried : the share of a trial that was made; bursts that ended early are parts of one
        """
        if tried:
            self._tried += tried
            if self._tried < TRIAL_SHARE:
                return
            self._tried = 0.0
            max_interval = (
                MAX_RETRY_SLOWER if self.best_threads == self._choices[0] else MAX_RETRY_FASTER
            )
            self._retry_interval = min(2 * self._retry_interval, max_interval)
            self._bursts_until_retry = self._retry_interval
        elif self._bursts_until_retry:
            self._bursts_until_retry -= 1

    def invalidate(self) -> None:
        """Measure both choices again soon, because the steps, or the faster choice, have changed.

        Looks of a viewer ruled out two threads for up to 2.5 s: LeNet lost a tenth of its speed.
        """
        self._retry_interval = self._bursts_until_retry = FIRST_RETRY
        self._tried = 0.0
