"""Learning rates of future steps: a schedule is a function of the step."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.commands import Decay, ScaleLr, SetLr, SetSchedule
from tuitrain.errors import RefusedError

from .views import GroupView

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
    # Importing the core loads the compiler, which would delay the first screen.
    from tuitrain_core.errors import CoreError
    from tuitrain_core.schedule import Constant, from_record

    from .schedules import reschedule

    record = dict(group.schedule_record)
    schedule = from_record(record) if record else Constant(group.lr)
    if command is not None:
        try:
            schedule = reschedule(command, schedule, command_step, steps_per_epoch)
        except CoreError as error:
            raise RefusedError(f"{group.name}: {error}") from None
    return [schedule.lr(step) for step in steps]
