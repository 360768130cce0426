"""Making the core's schedules from commands."""

from __future__ import annotations

import math
from typing import Final

from tuitrain.commands import Decay, ScaleLr, SetLr, SetSchedule
from tuitrain_core.schedule import (
    Constant,
    Cosine,
    Exponential,
    Linear,
    LinearDecay,
    Milestones,
    OneCycle,
    Schedule,
    WarmUp,
)

_REST: Final = 0.01
"""The share of its first learning rate down to which an exponential decay is followed."""


def reschedule(
    command: SetLr | ScaleLr | Decay | SetSchedule,
    before: Schedule,
    step: int,
    steps_per_epoch: int,
) -> Schedule:
    """Return the schedule of a group after a command applied before step ``step``.

    Raises
    ------
    CoreError : a value is out of range
    """
    lr = before.lr(step)
    match command:
        case SetLr():
            return Constant(command.lr)
        case ScaleLr():
            # a multiple of 0 is 0
            return before if before.stays_zero(step) else before.scaled(command.factor)
        case Decay():
            unit_steps = steps_per_epoch if command.unit == "epochs" else 1
            return LinearDecay(lr, step, command.over, unit_steps) if lr else before
        case SetSchedule():
            made = make_schedule(command, lr, step, steps_per_epoch)
            idle = before.stays_zero(step) and made.stays_zero(step)
            return before if idle else made


def make_schedule(command: SetSchedule, lr: float, step: int, steps_per_epoch: int) -> Schedule:
    """Make the schedule that begins at ``lr`` before step ``step``.

    Raises
    ------
    CoreError : a value is out of range
    """
    unit_steps = steps_per_epoch if command.unit == "epochs" else 1
    inner = _inner(command, lr, step, unit_steps)
    return WarmUp(inner, step, command.warmup) if command.warmup else inner


def _inner(command: SetSchedule, lr: float, step: int, unit_steps: int) -> Schedule:
    match command.kind:
        case "linear":
            return Linear(lr, command.value, step, command.over, unit_steps)
        case "cosine":
            return Cosine(lr, command.value, step, command.over, unit_steps)
        case "exponential":
            return Exponential(lr, command.value, step, unit_steps)
        case "milestones":
            return Milestones(lr, command.value, command.at, step, unit_steps)
        case "one-cycle":
            return OneCycle(lr, command.value, lr, step, command.over * unit_steps)


def changes_until(schedule: Schedule) -> int:
    """Return the step from which the learning rate stays the same; 0 for a constant one.

    An exponential decay, which has no such step, counts until a hundredth is left.
    """
    match schedule:
        case WarmUp():
            return max(changes_until(schedule.inner), schedule.start_step + schedule.duration)
        case Linear() | LinearDecay() | Cosine():
            return schedule.start_step + schedule.duration * schedule.unit_steps
        case OneCycle():
            return schedule.start_step + schedule.duration
        case Milestones():
            return schedule.start_step + schedule.milestones[-1] * schedule.unit_steps
        case Exponential() if schedule.factor < 1:
            units = math.ceil(math.log(_REST) / math.log(schedule.factor))
            return schedule.start_step + units * schedule.unit_steps
        case _:
            return 0
