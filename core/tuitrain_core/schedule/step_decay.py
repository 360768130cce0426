"""Schedules that multiply by a factor, in every unit or at milestones.

The power is computed from ``start_lr`` at every step, not from the value of the step before, so
rounding errors do not add up.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from ..errors import CoreError
from .base import Schedule, check_count, check_factor, check_rate, units_since


@dataclass(frozen=True, slots=True)
class Exponential(Schedule):
    """Exponential decay: a factor in every unit.

    ``lr(t) = start_lr * factor ** t``, with ``t`` the whole units since ``start_step``.

    At the boundaries: up to and including ``start_step``, and for the whole first unit, it is
    ``start_lr``, exactly. It has no last unit; it becomes 0.0 by underflow.

    Parameters
    ----------
    start_lr : finite, 0 or more
    factor : above 0, and 1 at most
    start_step : step at which the first unit begins, 0 or more
    unit_steps : steps in a unit, 1 or more; default 1

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    factor: float
    start_step: int
    unit_steps: int = 1

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_factor("factor", self.factor)
        check_count("start_step", self.start_step, 0)
        check_count("unit_steps", self.unit_steps, 1)

    @property
    def label(self) -> str:
        """``exp ×`` and the factor."""
        return f"exp ×{self.factor:g}"

    def lr(self, step: int) -> float:
        """See `Schedule.lr`."""
        t = units_since(self.start_step, step, self.unit_steps)
        return self.start_lr * float(self.factor) ** t

    def scaled(self, factor: float) -> Exponential:
        """See `Schedule.scaled`."""
        return replace(self, start_lr=self.start_lr * factor)


@dataclass(frozen=True, slots=True)
class Milestones(Schedule):
    """Step decay: a factor at each milestone.

    ``lr(t) = start_lr * factor ** k``, where ``k`` is the number of milestones that are ``t`` or
    less, and ``t`` the number of whole units since ``start_step``.

    At the boundaries: up to the first milestone it is ``start_lr``, exactly; at a milestone's first
    step the factor has been applied; after the last milestone it is constant.

    Parameters
    ----------
    start_lr : finite, 0 or more
    factor : above 0, and 1 at most
    milestones : units since ``start_step``, rising, each 1 or more; at least one
    start_step : step at which the first unit begins, 0 or more
    unit_steps : steps in a unit, 1 or more; default 1

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    factor: float
    milestones: tuple[int, ...]
    start_step: int
    unit_steps: int = 1

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_factor("factor", self.factor)
        if not isinstance(self.milestones, tuple) or not self.milestones:
            raise CoreError(
                f"milestones must be a tuple of one number or more, but is {self.milestones!r}"
            )
        for milestone in self.milestones:
            check_count("every milestone", milestone, 1)
        if list(self.milestones) != sorted(set(self.milestones)):
            raise CoreError(
                f"milestones must rise from one to the next, but is {self.milestones!r}"
            )
        check_count("start_step", self.start_step, 0)
        check_count("unit_steps", self.unit_steps, 1)

    @property
    def label(self) -> str:
        """``milestones``."""
        return "milestones"

    def lr(self, step: int) -> float:
        """See `Schedule.lr`."""
        t = units_since(self.start_step, step, self.unit_steps)
        return self.start_lr * float(self.factor) ** bisect_right(self.milestones, t)

    def scaled(self, factor: float) -> Milestones:
        """See `Schedule.scaled`."""
        return replace(self, start_lr=self.start_lr * factor)
