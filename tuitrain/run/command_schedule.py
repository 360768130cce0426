"""The plan: the commands of a scenario, and which of them are still to come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tuitrain.commands import Branch, Redo, Rewind, RewindToCheckpoint, Undo

from .session_state import PlannedCommand

HISTORY_COMMANDS = (Rewind, RewindToCheckpoint, Undo, Redo, Branch)


class CommandSchedule:
    """The planned commands of a run.

    Parameters
    ----------
    planned : in any order; those of one step are applied in the given order

    Attributes
    ----------
    left : what is still to come
    in_hand : what is being applied, or None
    """

    def __init__(self, planned: Iterable[PlannedCommand]) -> None:
        self._all = tuple(sorted(planned, key=lambda each: each.step))
        self.pending = list(self._all)
        self.current: PlannedCommand | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps at which something is planned."""
        return tuple(each.step for each in self._all)

    def due(self, step: Callable[[], int]) -> Iterator[PlannedCommand]:
        """Give what is due, one by one: applying one may move the run to another step."""
        while self.pending and self.pending[0].step <= step():
            self.current = self.pending.pop(0)
            yield self.current
            self.current = None

    def commands_from(self, step: int) -> list[PlannedCommand]:
        """Return what is planned for a step and for those after it."""
        return [each for each in self._all if each.step >= step]

    def reschedule(self, planned: Iterable[PlannedCommand]) -> None:
        """Plan these again, except ways back that were taken already.

        A step may have equal ways back: of those only as many come again as are left, the last.
        """
        left = [each for each in self.pending if isinstance(each.command, HISTORY_COMMANDS)]
        again = []
        for each in reversed(list(planned)):
            if isinstance(each.command, HISTORY_COMMANDS):
                if each not in left:
                    continue
                left.remove(each)
            again.append(each)
        self.pending = again[::-1]
