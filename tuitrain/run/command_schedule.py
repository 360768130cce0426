"""The plan: the commands of a scenario, and which of them are still to come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tuitrain.commands import Branch, Redo, Rewind, RewindToCheckpoint, Undo

from .session_state import Planned

WAYS_BACK = (Rewind, RewindToCheckpoint, Undo, Redo, Branch)


class Plan:
    """The planned commands of a run.

    Parameters
    ----------
    planned : in any order; those of one step are applied in the given order

    Attributes
    ----------
    left : what is still to come
    in_hand : what is being applied, or None
    """

    def __init__(self, planned: Iterable[Planned]) -> None:
        self._all = tuple(sorted(planned, key=lambda each: each.step))
        self.left = list(self._all)
        self.in_hand: Planned | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps at which something is planned."""
        return tuple(each.step for each in self._all)

    def due(self, step: Callable[[], int]) -> Iterator[Planned]:
        """Give what is due, one by one: applying one may move the run to another step."""
        while self.left and self.left[0].step <= step():
            self.in_hand = self.left.pop(0)
            yield self.in_hand
            self.in_hand = None

    def from_step(self, step: int) -> list[Planned]:
        """Return what is planned for a step and for those after it."""
        return [each for each in self._all if each.step >= step]

    def again(self, planned: Iterable[Planned]) -> None:
        """Plan these again, except ways back that were taken already.

        A step may have equal ways back: of those only as many come again as are left, the last.
        """
        left = [each for each in self.left if isinstance(each.command, WAYS_BACK)]
        again = []
        for each in reversed(list(planned)):
            if isinstance(each.command, WAYS_BACK):
                if each not in left:
                    continue
                left.remove(each)
            again.append(each)
        self.left = again[::-1]
