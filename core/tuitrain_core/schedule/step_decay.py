"""Schedules that multiply: by a factor in every unit, or at a few of them.

The power is taken anew at every step, from the start. Nothing is multiplied onto the value of the
step before, so rounding does not add up and no step has to be visited.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from ..errors import CoreError
from .base import Schedule, check_count, check_factor, check_rate, units_since


@dataclass(frozen=True, slots=True)
class Exponential(Schedule):
    """A factor in every unit.

    ``lr(t) = start_lr * factor ** t``, with ``t`` the whole units since ``start_step``.

    At the boundaries: up to and including ``start_step``, and for the whole first unit, it is
    ``start_lr``, exactly. It has no last unit, and comes to 0.0 where floating-point numbers end.

    Parameters
    ----------
    start_lr : finite, 0 or more
    factor : above 0, and 1 at most
    start_step : step at which the first unit begins, 0 or more
    unit_steps : steps in a unit, 1 or more; default: every step is a stair

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
        """As ``exp ×0.9``."""
        return f"exp ×{self.factor:g}"

    def lr(self, step: int) -> float:
        """Return the stair that ``step`` is on."""
        t = units_since(self.start_step, step, self.unit_steps)
        return self.start_lr * float(self.factor) ** t

    def scaled(self, factor: float) -> Exponential:
        """Return the same stairs, ``factor`` times as high."""
        return replace(self, start_lr=self.start_lr * factor)


@dataclass(frozen=True, slots=True)
class Milestones(Schedule):
    """A factor at each of a few units.

    ``lr(t) = start_lr * factor ** k``, where ``k`` of the milestones are ``t`` or less, and ``t``
    is the number of whole units since ``start_step``.

    At the boundaries: up to the first milestone it is ``start_lr``, exactly; at a milestone's first
    step the factor has been applied; from the last milestone on it stays.

    Parameters
    ----------
    start_lr : finite, 0 or more
    factor : above 0, and 1 at most
    at : the milestones in units since ``start_step``, rising, each 1 or more; at least one
    start_step : step at which the first unit begins, 0 or more
    unit_steps : steps in a unit, 1 or more; default: every step is a unit

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    factor: float
    at: tuple[int, ...]
    start_step: int
    unit_steps: int = 1

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_factor("factor", self.factor)
        if not isinstance(self.at, tuple) or not self.at:
            raise CoreError(f"at must be a tuple of one milestone or more, but is {self.at!r}")
        for milestone in self.at:
            check_count("every milestone in at", milestone, 1)
        if list(self.at) != sorted(set(self.at)):
            raise CoreError(f"at must rise from milestone to milestone, but is {self.at!r}")
        check_count("start_step", self.start_step, 0)
        check_count("unit_steps", self.unit_steps, 1)

    @property
    def label(self) -> str:
        """``milestones``."""
        return "milestones"

    def lr(self, step: int) -> float:
        """Return the stair that ``step`` is on."""
        t = units_since(self.start_step, step, self.unit_steps)
        return self.start_lr * float(self.factor) ** bisect_right(self.at, t)

    def scaled(self, factor: float) -> Milestones:
        """Return the same stairs, ``factor`` times as high."""
        return replace(self, start_lr=self.start_lr * factor)
