"""Schedules that go from one learning rate to another along half a wave of the cosine."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..errors import CoreError
from .base import Schedule, check_count, check_fraction, check_rate, lerp, units_since


@dataclass(frozen=True, slots=True)
class Cosine(Schedule):
    """From one learning rate to another: slowly, fast in the middle, slowly.

    ``lr(t) = end_lr + (start_lr - end_lr) * (1 + cos(pi * t / over)) / 2``, with ``t`` the whole
    units since ``start_step``. Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm
    restarts" (2017), eq. 5, without the restarts.

    At the boundaries: up to and including ``start_step``, and for the whole first unit, it is
    ``start_lr``, exactly; half-way it is the mean of both; from ``start_step + over * unit_steps``
    on it is ``end_lr``, exactly.

    Parameters
    ----------
    start_lr, end_lr : finite, 0 or more
    start_step : step at which the first unit begins, 0 or more
    over : number of units until ``end_lr``, 1 or more
    unit_steps : steps in a unit, 1 or more; default: every step is a stair

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    end_lr: float
    start_step: int
    over: int
    unit_steps: int = 1

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_rate("end_lr", self.end_lr)
        check_count("start_step", self.start_step, 0)
        check_count("over", self.over, 1)
        check_count("unit_steps", self.unit_steps, 1)

    @property
    def label(self) -> str:
        """As ``cosine→0``."""
        return f"cosine→{self.end_lr:g}"

    def lr(self, step: int) -> float:
        """Return the stair that ``step`` is on."""
        t = units_since(self.start_step, step, self.unit_steps)
        return _annealed(self.start_lr, self.end_lr, t, self.over)

    def stays_zero(self, step: int) -> bool:
        """Whether the end is 0, and reached; or the start is 0 too."""
        reached = units_since(self.start_step, step, self.unit_steps) >= self.over
        return self.end_lr == 0.0 and (reached or self.start_lr == 0.0)

    def scaled(self, factor: float) -> Cosine:
        """Return the same wave, ``factor`` times as high at both ends."""
        return replace(self, start_lr=self.start_lr * factor, end_lr=self.end_lr * factor)


@dataclass(frozen=True, slots=True)
class OneCycle(Schedule):
    """Up to a peak, and down again to the end of the run.

    Half a cosine wave up from ``start_lr`` to ``peak_lr``, and another down to ``end_lr``. Smith
    and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates" (2018), with waves where the paper has straight lines, as is usual now.

    At the boundaries: up to and including ``start_step`` it is ``start_lr``, exactly; at
    ``start_step + top`` it is ``peak_lr``, exactly, with ``top`` the step nearest to ``rise *
    over`` that is neither the first nor the last; from ``start_step + over`` on it is ``end_lr``,
    exactly.

    Parameters
    ----------
    start_lr, end_lr : 0 or more
    peak_lr : finite, and no lower than the two
    start_step : step at which the rise begins, 0 or more
    over : number of steps of the whole, 2 or more
    rise : the part of them that goes up, between 0 and 1

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    peak_lr: float
    end_lr: float
    start_step: int
    over: int
    rise: float = 0.3

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_rate("peak_lr", self.peak_lr)
        check_rate("end_lr", self.end_lr)
        check_count("start_step", self.start_step, 0)
        check_count("over", self.over, 2)
        check_fraction("rise", self.rise)
        foot = max(self.start_lr, self.end_lr)
        if self.peak_lr < foot:
            raise CoreError(
                f"peak_lr must be no lower than start_lr and end_lr, but is {self.peak_lr!r} "
                f"with {foot!r} at one end"
            )

    @property
    def label(self) -> str:
        """``1-cycle``."""
        return "1-cycle"

    def lr(self, step: int) -> float:
        """Return the height of the wave at ``step``."""
        t = units_since(self.start_step, step, 1)
        top = min(max(round(self.rise * self.over), 1), self.over - 1)
        if t < top:
            return _annealed(self.start_lr, self.peak_lr, t, top)
        return _annealed(self.peak_lr, self.end_lr, t - top, self.over - top)

    def stays_zero(self, step: int) -> bool:
        """Whether the end is 0, and reached; or the peak is 0 too."""
        reached = units_since(self.start_step, step, 1) >= self.over
        return self.end_lr == 0.0 and (reached or self.peak_lr == 0.0)

    def scaled(self, factor: float) -> OneCycle:
        """Return the same waves, ``factor`` times as high."""
        return replace(
            self,
            start_lr=self.start_lr * factor,
            peak_lr=self.peak_lr * factor,
            end_lr=self.end_lr * factor,
        )


def _annealed(start: float, end: float, t: int, over: int) -> float:
    """Return ``start`` at 0, ``end`` from ``over`` on, and half a cosine wave between."""
    if t >= over:
        return end
    return lerp(start, end, (1.0 + math.cos(math.pi * t / over)) / 2.0)
