"""Learning rates of future steps: a schedule is a function of the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuitrain.commands import Decay, ScaleLr, SetLr, SetSchedule
from tuitrain.errors import RefusedError

from .views import GroupView

if TYPE_CHECKING:
    from tuitrain_core.schedule import Schedule

ScheduleCommand = SetLr | ScaleLr | Decay | SetSchedule
"""The commands that change a group's schedule."""


def forecast_rates(
    group: GroupView,
    steps: Sequence[int],
    command: ScheduleCommand | None = None,
    command_step: int = 0,
    steps_per_epoch: int = 1,
) -> list[float]:
    """Return a group's learning rate at coming steps, at present or after a command.

    Parameters
    ----------
    steps : counted from 0 at the start of the run
    command : applied before step ``command_step``; its target is not read
    steps_per_epoch : the length of an epoch, for schedules

    Raises
    ------
    RefusedError : a value of the command is out of range
    """
    schedule = _schedule(group, command, command_step, steps_per_epoch)
    return [schedule.lr(step) for step in steps]


def forecast_end(
    group: GroupView,
    command: ScheduleCommand | None = None,
    command_step: int = 0,
    steps_per_epoch: int = 1,
) -> int:
    """Return the step from which a group's learning rate stays the same; see `forecast_rates`.

    0 for a constant one; for an exponential decay the step at which a hundredth is left.

    Raises
    ------
    RefusedError : a value of the command is out of range
    """
    schedule = _schedule(group, command, command_step, steps_per_epoch)
    from .schedules import changes_until

    return changes_until(schedule)


def _schedule(
    group: GroupView, command: ScheduleCommand | None, command_step: int, steps_per_epoch: int
) -> Schedule:
    """Return the schedule of a group, at present or after a command."""
    # Importing the core loads the compiler, which would delay the first screen.
    from tuitrain_core.errors import CoreError
    from tuitrain_core.schedule import Constant, from_record

    from .schedules import reschedule

    record = dict(group.schedule_record)
    schedule = from_record(record) if record else Constant(group.lr)
    if command is None:
        return schedule
    try:
        return reschedule(command, schedule, command_step, steps_per_epoch)
    except CoreError as error:
        raise RefusedError(f"{group.name}: {error}") from None
