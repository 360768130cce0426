"""Kept states: copies of an engine's past, from which any step can be reached again.

A state belongs to the decisions that were taken before it: it may stand in for any line of history
that begins with the same ones. States are thinned out as they age, to stay within a budget.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tuitrain.commands import AnyCommand
from tuitrain.engines.state import EngineState

BUDGET_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Decision:
    """A command that changed the engine at the boundary before step ``step``."""

    step: int
    command: AnyCommand


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    state: EngineState
    before: tuple[Decision, ...]
    nbytes: int


class StateCache:
    """States by step and by what was decided before them.

    Parameters
    ----------
    budget : bytes of arrays that may be kept; the first state is kept whatever its size
    """

    def __init__(self, budget: int = BUDGET_BYTES) -> None:
        self._budget = budget
        self._kept: list[_Kept] = []
        self._steps: tuple[Sequence[Decision], tuple[int, ...]] | None = None

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Size of the arrays that are kept."""
        return sum(each.nbytes for each in self._kept)

    def has(self, step: int, decisions: Sequence[Decision]) -> bool:
        """Whether the state at this boundary, before any decision taken there, is kept."""
        found = self.nearest(step, decisions)
        return found is not None and found.step == step

    def steps(self, decisions: Sequence[Decision]) -> tuple[int, ...]:
        """Return the steps at which states of the line of these decisions are kept, in order."""
        line = tuple(decisions)
        if self._steps is None or self._steps[0] != line:
            at = [each.step for each in line]
            before = [line[:many] for many in range(len(line) + 1)]
            steps = (
                each.state.step
                for each in self._kept
                if each.before == before[bisect_left(at, each.state.step)]
            )
            self._steps = line, tuple(dict.fromkeys(steps))
        return self._steps[1]

    def add(self, state: EngineState, decisions: Sequence[Decision]) -> None:
        """Keep a state that was copied before any decision was taken at its boundary."""
        self._steps = None
        self._kept.append(_Kept(state, _before(state.step, decisions), state.nbytes))
        self._kept.sort(key=lambda each: each.state.step)
        while len(self._kept) > 2 and self.nbytes > self._budget:
            del self._kept[self._least_needed()]

    def nearest(self, step: int, decisions: Sequence[Decision]) -> EngineState | None:
        """Return the last kept state at or before ``step`` on the line of these decisions."""
        for each in reversed(self._kept):
            if each.state.step <= step and each.before == _before(each.state.step, decisions):
                return each.state
        return None

    def _least_needed(self) -> int:
        """Choose the state whose loss hurts least: little is trained again, long ago."""
        newest = self._kept[-1].state.step

        def cost(index: int) -> float:
            left, here, right = (self._kept[index + i].state.step for i in (-1, 0, 1))
            return (right - left) / (newest - here + 1)

        return min(range(1, len(self._kept) - 1), key=cost)


def _before(step: int, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    return tuple(each for each in decisions if each.step < step)
