"""Learning rates as pure functions of the step.

A schedule knows no optimizer and keeps no history: ``lr(step)`` is the same number whenever and in
whichever order it is asked. So a rewind, a resume or a preview of the curve needs nothing but the
schedule itself, and nothing drifts.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

from .errors import CoreError


class Schedule(ABC):
    """A learning rate for every step; subclasses are frozen dataclasses."""

    @property
    @abstractmethod
    def label(self) -> str:
        """A word or two for a table cell."""

    @abstractmethod
    def lr(self, step: int) -> float:
        """Return the learning rate of update ``step``, counted from 0 at the start of the run."""

    @abstractmethod
    def scaled(self, factor: float) -> Schedule:
        """Return the same schedule with its peak multiplied by ``factor``.

        Raises
        ------
        CoreError : the peak would be negative or not finite
        """


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """The same learning rate at every step.

    Parameters
    ----------
    value : finite, 0 or more

    Raises
    ------
    CoreError : ``value`` is anything else
    """

    value: float

    def __post_init__(self) -> None:
        _check_rate("lr", self.value)

    @property
    def label(self) -> str:
        """``constant``."""
        return "constant"

    def lr(self, step: int) -> float:  # noqa: ARG002
        """Return ``value``."""
        return self.value

    def scaled(self, factor: float) -> Constant:
        """Return a constant ``factor`` times as high."""
        return replace(self, value=self.value * factor)


@dataclass(frozen=True, slots=True)
class LinearDecay(Schedule):
    """From a learning rate down to 0, in equal stairs.

    ``lr(t) = start_lr * (1 - t / over)``, where ``t`` is the number of whole units since
    ``start_step``: epochs, with ``unit_steps`` the steps of an epoch, or single steps.

    At the boundaries: up to and including ``start_step``, and for the whole first unit, it is
    ``start_lr``, exactly; in the last unit it is ``start_lr / over`` up to rounding, not 0; from
    ``start_step + over * unit_steps`` on it is 0.0.

    Parameters
    ----------
    start_lr : finite, 0 or more
    start_step : step at which the first unit begins, 0 or more
    over : number of units until 0, 1 or more
    unit_steps : steps in a unit, 1 or more; default: every step is a stair

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    start_step: int
    over: int
    unit_steps: int = 1

    def __post_init__(self) -> None:
        _check_rate("start_lr", self.start_lr)
        _check_count("start_step", self.start_step, 0)
        _check_count("over", self.over, 1)
        _check_count("unit_steps", self.unit_steps, 1)

    @property
    def label(self) -> str:
        """``linear→0``."""
        return "linear→0"

    def lr(self, step: int) -> float:
        """Return the stair that ``step`` is on."""
        t = max(step - self.start_step, 0) // self.unit_steps
        if t >= self.over:
            return 0.0
        return self.start_lr * (1 - float(t) / self.over)

    def scaled(self, factor: float) -> LinearDecay:
        """Return the same stairs, ``factor`` times as high."""
        return replace(self, start_lr=self.start_lr * factor)


def _check_rate(name: str, value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise CoreError(f"{name} must be a finite number, 0 or more, but is {value!r}")


def _check_count(name: str, value: Any, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise CoreError(f"{name} must be an integer, {least} or more, but is {value!r}")
