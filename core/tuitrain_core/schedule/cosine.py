"""Schedules whose curve is half a cosine wave, or two."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..errors import CoreError
from .base import (
    RangeSchedule,
    Schedule,
    check_count,
    check_fraction,
    check_rate,
    lerp,
    units_since,
)


@dataclass(frozen=True, slots=True)
class Cosine(RangeSchedule):
    """Cosine annealing from one learning rate to another: slow, fast in the middle, slow.

    ``lr(t) = end_lr + (start_lr - end_lr) * (1 + cos(pi * t / duration)) / 2``, with ``t`` the
    whole units since ``start_step``. Loshchilov and Hutter, "SGDR: stochastic gradient descent
    with warm restarts" (2017), eq. 5, without the restarts.

    At the boundaries: up to and including ``start_step``, and for the whole first unit, it is
    ``start_lr``, exactly; halfway it is the mean of both; from ``start_step + duration *
    unit_steps`` on it is ``end_lr``, exactly.

    Parameters
    ----------
    start_lr, end_lr : finite, 0 or more
    start_step : step at which the first unit begins, 0 or more
    duration : number of units until ``end_lr``, 1 or more
    unit_steps : steps in a unit, 1 or more; default 1

    Raises
    ------
    CoreError : a value is not allowed
    """

    @property
    def label(self) -> str:
        """``cosine→`` and the last learning rate."""
        return f"cosine→{self.end_lr:g}"

    def lr(self, step: int) -> float:
        """See `Schedule.lr`."""
        t = units_since(self.start_step, step, self.unit_steps)
        return _half_wave(self.start_lr, self.end_lr, t, self.duration)


@dataclass(frozen=True, slots=True)
class OneCycle(Schedule):
    """One cycle: up to a peak, and down again to the end of the run.

    Half a cosine wave up from ``start_lr`` to ``peak_lr``, and another down to ``end_lr``. Smith
    and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates" (2018), with waves where the paper has straight lines, as most libraries have it.

    At the boundaries: up to and including ``start_step`` it is ``start_lr``, exactly; at
    ``start_step + top`` it is ``peak_lr``, exactly, with ``top`` the step nearest to
    ``warmup_fraction * duration`` that is neither the first nor the last; from ``start_step +
    duration`` on it is ``end_lr``, exactly.

    Parameters
    ----------
    start_lr, end_lr : 0 or more
    peak_lr : finite, and no lower than the two
    start_step : step at which the cycle begins, 0 or more
    duration : steps of the cycle, 2 or more
    warmup_fraction : the part of these steps before the peak, between 0 and 1; default 0.3

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    peak_lr: float
    end_lr: float
    start_step: int
    duration: int
    warmup_fraction: float = 0.3

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_rate("peak_lr", self.peak_lr)
        check_rate("end_lr", self.end_lr)
        check_count("start_step", self.start_step, 0)
        check_count("duration", self.duration, 2)
        check_fraction("warmup_fraction", self.warmup_fraction)
        floor = max(self.start_lr, self.end_lr)
        if self.peak_lr < floor:
            raise CoreError(
                f"peak_lr must be no lower than start_lr and end_lr, but is {self.peak_lr!r} "
                f"with {floor!r} at one end"
            )

    @property
    def label(self) -> str:
        """``1-cycle``."""
        return "1-cycle"

    def lr(self, step: int) -> float:
        """See `Schedule.lr`."""
        t = units_since(self.start_step, step, 1)
        top = min(max(round(self.warmup_fraction * self.duration), 1), self.duration - 1)
        if t < top:
            return _half_wave(self.start_lr, self.peak_lr, t, top)
        return _half_wave(self.peak_lr, self.end_lr, t - top, self.duration - top)

    def stays_zero(self, step: int) -> bool:
        """See `Schedule.stays_zero`."""
        reached = units_since(self.start_step, step, 1) >= self.duration
        return self.end_lr == 0.0 and (reached or self.peak_lr == 0.0)

    def scaled(self, factor: float) -> OneCycle:
        """See `Schedule.scaled`."""
        return replace(
            self,
            start_lr=self.start_lr * factor,
            peak_lr=self.peak_lr * factor,
            end_lr=self.end_lr * factor,
        )


def _half_wave(start: float, end: float, t: int, duration: int) -> float:
    """Return ``start`` at 0, ``end`` from ``duration`` on, and half a cosine wave between."""
    if t >= duration:
        return end
    return lerp(start, end, (1.0 + math.cos(math.pi * t / duration)) / 2.0)
