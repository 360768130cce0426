"""Making the core's schedules from commands."""

from __future__ import annotations

from tuitrain.commands import FollowSchedule
from tuitrain_core.schedule import (
    Cosine,
    Exponential,
    Linear,
    Milestones,
    OneCycle,
    Schedule,
    WarmUp,
)


def make_schedule(command: FollowSchedule, lr: float, step: int, steps_per_epoch: int) -> Schedule:
    """Make the schedule that begins at ``lr`` before step ``step``.

    Raises
    ------
    CoreError : a value is out of range
    """
    each = steps_per_epoch if command.unit == "epochs" else 1
    inner = _inner(command, lr, step, each)
    return WarmUp(inner, step, command.warmup) if command.warmup else inner


def _inner(command: FollowSchedule, lr: float, step: int, each: int) -> Schedule:
    match command.kind:
        case "linear":
            return Linear(lr, command.value, step, command.over, each)
        case "cosine":
            return Cosine(lr, command.value, step, command.over, each)
        case "exponential":
            return Exponential(lr, command.value, step, each)
        case "milestones":
            return Milestones(lr, command.value, command.at, step, each)
        case "one-cycle":
            return OneCycle(lr, command.value, lr, step, command.over * each)
