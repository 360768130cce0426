"""Base class of schedules, and checks of their fields.

Most schedules count whole *units* since their ``start_step``: epochs, with ``unit_steps`` the steps
of an epoch, or single steps. The learning rate is constant within a unit: its curve has stairs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

from ..errors import CoreError


class Schedule(ABC):
    """A learning rate for every step; subclasses are frozen dataclasses."""

    __slots__ = ()

    @property
    @abstractmethod
    def label(self) -> str:
        """One or two words for a table cell."""

    @abstractmethod
    def lr(self, step: int) -> float:
        """Return the learning rate of update ``step``, counted from 0 at the start of the run."""

    def stays_zero(self, step: int) -> bool:
        """Return whether the learning rate is 0 at ``step`` and at every later step."""
        return self.lr(step) == 0.0

    @abstractmethod
    def scaled(self, factor: float) -> Schedule:
        """Return the schedule with all its learning rates multiplied by ``factor``.

        Raises
        ------
        CoreError : a learning rate would be negative or not finite
        """


@dataclass(frozen=True, slots=True)
class RangeSchedule(Schedule):
    """The base of schedules from one learning rate to another over some units.

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

    start_lr: float
    end_lr: float
    start_step: int
    duration: int
    unit_steps: int = 1

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_rate("end_lr", self.end_lr)
        check_count("start_step", self.start_step, 0)
        check_count("duration", self.duration, 1)
        check_count("unit_steps", self.unit_steps, 1)

    def stays_zero(self, step: int) -> bool:
        """See `Schedule.stays_zero`."""
        reached = units_since(self.start_step, step, self.unit_steps) >= self.duration
        return self.end_lr == 0.0 and (reached or self.start_lr == 0.0)

    def scaled(self, factor: float) -> Self:
        """See `Schedule.scaled`."""
        return replace(self, start_lr=self.start_lr * factor, end_lr=self.end_lr * factor)


def units_since(start_step: int, step: int, unit_steps: int) -> int:
    """Return the number of whole units since the start; before it, 0."""
    return max(step - start_step, 0) // unit_steps


def lerp(start: float, end: float, weight: float) -> float:
    """Interpolate linearly: ``start`` at weight 1 and ``end`` at weight 0, both exactly."""
    return start * weight + end * (1.0 - weight)


def check_rate(name: str, value: Any) -> None:
    """Raise a CoreError unless the value is finite and 0 or more."""
    if not _is_finite(value) or value < 0:
        raise CoreError(f"{name} must be a finite number, 0 or more, but is {value!r}")


def check_count(name: str, value: Any, minimum: int) -> None:
    """Raise a CoreError unless the value is an integer, ``minimum`` or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        raise CoreError(f"{name} must be an integer, {minimum} or more, but is {value!r}")


def check_factor(name: str, value: Any) -> None:
    """Raise a CoreError unless the value is in (0, 1]."""
    if not _is_finite(value) or not 0 < value <= 1:
        raise CoreError(f"{name} must be a number above 0, and 1 at most, but is {value!r}")


def check_fraction(name: str, value: Any) -> None:
    """Raise a CoreError unless the value is in (0, 1)."""
    if not _is_finite(value) or not 0 < value < 1:
        raise CoreError(f"{name} must be a number between 0 and 1, but is {value!r}")


def _is_finite(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)
