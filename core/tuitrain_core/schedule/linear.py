"""Schedules whose curve is a straight line: constant and linear."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .base import RangeSchedule, Schedule, check_count, check_rate, lerp, units_since


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """The same learning rate at every step.

    Parameters
    ----------
    value : finite, 0 or more

    Raises
    ------
    CoreError : the value is not allowed
    """

    value: float

    def __post_init__(self) -> None:
        check_rate("lr", self.value)

    @property
    def label(self) -> str:
        """``constant``."""
        return "constant"

    def lr(self, step: int) -> float:  # noqa: ARG002
        """See `Schedule.lr`."""
        return self.value

    def scaled(self, factor: float) -> Constant:
        """See `Schedule.scaled`."""
        return replace(self, value=self.value * factor)


@dataclass(frozen=True, slots=True)
class LinearDecay(Schedule):
    """Linear decay from a learning rate to 0, in equal stairs.

    ``lr(t) = start_lr * (1 - t / duration)``, where ``t`` is the number of whole units since
    ``start_step``: epochs, with ``unit_steps`` the steps of an epoch, or single steps.

    At the boundaries: up to and including ``start_step``, and for the whole first unit, it is
    ``start_lr``, exactly; in the last unit it is ``start_lr / duration`` up to rounding, not 0;
    from ``start_step + duration * unit_steps`` on it is 0.0.

    Parameters
    ----------
    start_lr : finite, 0 or more
    start_step : step at which the first unit begins, 0 or more
    duration : number of units until 0, 1 or more
    unit_steps : steps in a unit, 1 or more; default 1

    Raises
    ------
    CoreError : a value is not allowed
    """

    start_lr: float
    start_step: int
    duration: int
    unit_steps: int = 1

    def __post_init__(self) -> None:
        check_rate("start_lr", self.start_lr)
        check_count("start_step", self.start_step, 0)
        check_count("duration", self.duration, 1)
        check_count("unit_steps", self.unit_steps, 1)

    @property
    def label(self) -> str:
        """``linear→0``."""
        return "linear→0"

    def lr(self, step: int) -> float:
        """See `Schedule.lr`."""
        t = units_since(self.start_step, step, self.unit_steps)
        if t >= self.duration:
            return 0.0
        return self.start_lr * (1 - float(t) / self.duration)

    def scaled(self, factor: float) -> LinearDecay:
        """See `Schedule.scaled`."""
        return replace(self, start_lr=self.start_lr * factor)


@dataclass(frozen=True, slots=True)
class Linear(RangeSchedule):
    """Linear change from one learning rate to another, up or down, in equal stairs.

    ``lr(t) = start_lr + (end_lr - start_lr) * t / duration``, with ``t`` the whole units since
    ``start_step``. With ``end_lr`` 0 it has the bits of `LinearDecay`.

    At the boundaries: up to and including ``start_step``, and for the whole first unit, it is
    ``start_lr``, exactly; in the last unit it is one stair short of ``end_lr``; from ``start_step +
    duration * unit_steps`` on it is ``end_lr``, exactly.

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
        """``linear→`` and the last learning rate."""
        return f"linear→{self.end_lr:g}"

    def lr(self, step: int) -> float:
        """See `Schedule.lr`."""
        t = units_since(self.start_step, step, self.unit_steps)
        if t >= self.duration:
            return self.end_lr
        return lerp(self.start_lr, self.end_lr, 1 - t / self.duration)
