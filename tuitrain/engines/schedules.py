"""Making the core's schedules from commands."""

from __future__ import annotations

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
