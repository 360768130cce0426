"""The command plan: the commands that a scenario plans, and those that are still pending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tuitrain.commands import AnyCommand, Checkpoint, command_kind

from .session_state import PlannedCommand


def find_plan_problem(step: int, command: AnyCommand, total: int) -> str:
    """Return why a command cannot be planned for a step, or "".

    A command of step N acts before the next update. At the end of the run there is none, so that
    only a checkpoint has an effect there: it keeps the final state.

    Parameters
    ----------
    total : the steps of the run
    """
    if step < total or (step == total and isinstance(command, Checkpoint)):
        return ""
    if step == total:
        return f"step {step} is the end of the run, where only a checkpoint can be planned"
    return f"step {step} is not in the run, which takes {total} steps"


class CommandPlan:
    """The planned commands of a run.

    Parameters
    ----------
    planned : in any order; those of one step are applied in the given order

    Attributes
    ----------
    pending : the commands that are not applied yet
    current : the command that is being applied, or None
    """

    def __init__(self, planned: Iterable[PlannedCommand]) -> None:
        self._all = tuple(sorted(planned, key=lambda planned: planned.step))
        self.pending = list(self._all)
        self.current: PlannedCommand | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that have planned commands."""
        return tuple(planned.step for planned in self._all)

    def due(self, get_step: Callable[[], int]) -> Iterator[PlannedCommand]:
        """Yield the due commands one by one: applying one may move the run to another step."""
        while self.pending and self.pending[0].step <= get_step():
            self.current = self.pending.pop(0)
            yield self.current
            self.current = None

    def commands_from(self, step: int) -> list[PlannedCommand]:
        """Return the commands planned for a step and for those after it."""
        return [planned for planned in self._all if planned.step >= step]

    def reschedule(self, commands: Iterable[PlannedCommand]) -> None:
        """Make commands pending again, except history commands that were applied already.

        A step may have equal history commands. As many of them as are pending now become pending
        again: the last ones.
        """
        pending = [
            planned for planned in self.pending if command_kind(planned.command) == "history"
        ]
        rescheduled: list[PlannedCommand] = []
        for planned in reversed(list(commands)):
            if command_kind(planned.command) == "history":
                if planned not in pending:
                    continue
                pending.remove(planned)
            rescheduled.append(planned)
        self.pending = rescheduled[::-1]
