"""Warm-up in front of another schedule."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import CoreError
from .base import Schedule, check_count, units_since


@dataclass(frozen=True, slots=True)
class WarmUp(Schedule):
    """A linear warm-up in front of another schedule.

    ``lr(step) = inner.lr(step) * (s + 1) / (duration + 1)`` for ``s = step - start_step`` below
    ``duration``. The inner schedule is not delayed: it counts its own steps meanwhile. Goyal et
    al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017), section 2.2.

    At the boundaries: at ``start_step`` and at the steps before it the factor is ``1 / (duration +
    1)``, so the first step already moves the weights; at the last step of the warm-up it is
    ``duration / (duration + 1)``; from ``start_step + duration`` on the learning rate is the inner
    one, exactly.

    Parameters
    ----------
    inner : any schedule
    start_step : first step of the warm-up, 0 or more
    duration : steps of the warm-up, 1 or more

    Raises
    ------
    CoreError : a value is not allowed
    """

    inner: Schedule
    start_step: int
    duration: int

    def __post_init__(self) -> None:
        if not isinstance(self.inner, Schedule):
            raise CoreError(f"inner must be a schedule, but is {type(self.inner).__name__}")
        check_count("start_step", self.start_step, 0)
        check_count("duration", self.duration, 1)

    @property
    def label(self) -> str:
        """``warm-up+`` and the label of the inner schedule."""
        return f"warm-up+{self.inner.label}"

    def lr(self, step: int) -> float:
        """See `Schedule.lr`."""
        s = units_since(self.start_step, step, 1)
        inner = self.inner.lr(step)
        return inner if s >= self.duration else inner * ((s + 1) / (self.duration + 1))

    def stays_zero(self, step: int) -> bool:
        """See `Schedule.stays_zero`."""
        return self.inner.stays_zero(step)

    def scaled(self, factor: float) -> WarmUp:
        """See `Schedule.scaled`."""
        return replace(self, inner=self.inner.scaled(factor))
