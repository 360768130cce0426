"""A warm-up in front of any schedule."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import CoreError
from .base import Schedule, check_count, units_since


@dataclass(frozen=True, slots=True)
class WarmUp(Schedule):
    """Another schedule, held down at first and let go linearly.

    ``lr(step) = inner.lr(step) * (s + 1) / (over + 1)`` for ``s = step - start_step`` below
    ``over``. The schedule inside is not delayed: it counts its own steps meanwhile. Goyal et al.,
    "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017), section 2.2.

    At the boundaries: at ``start_step``, and at the steps before it, the factor is ``1 / (over +
    1)``, so that the first step moves already; at the last step of the warm-up it is ``over /
    (over + 1)``; from ``start_step + over`` on the learning rate is the inner one, exactly.

    Parameters
    ----------
    inner : any schedule
    start_step : first step of the warm-up, 0 or more
    over : number of steps that are held down, 1 or more

    Raises
    ------
    CoreError : a value is not allowed
    """

    inner: Schedule
    start_step: int
    over: int

    def __post_init__(self) -> None:
        if not isinstance(self.inner, Schedule):
            raise CoreError(f"inner must be a schedule, but is {type(self.inner).__name__}")
        check_count("start_step", self.start_step, 0)
        check_count("over", self.over, 1)

    @property
    def label(self) -> str:
        """As ``warm-up+cosine→0``."""
        return f"warm-up+{self.inner.label}"

    def lr(self, step: int) -> float:
        """Return the inner learning rate, as far as it is let go at ``step``."""
        s = units_since(self.start_step, step, 1)
        inner = self.inner.lr(step)
        return inner if s >= self.over else inner * ((s + 1) / (self.over + 1))

    def stays_zero(self, step: int) -> bool:
        """Whether the inner schedule is."""
        return self.inner.stays_zero(step)

    def scaled(self, factor: float) -> WarmUp:
        """Return the same warm-up in front of the inner schedule, scaled."""
        return replace(self, inner=self.inner.scaled(factor))
