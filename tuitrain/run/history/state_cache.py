"""Cached states: copies of the engine's past, from which any step can be reached again.

A cached state depends on the decisions before it, and serves every branch that begins with the same
decisions. Older states are thinned out, to stay within a budget.
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
class _CachedState:
    state: EngineState
    decisions: tuple[Decision, ...]
    nbytes: int

    @property
    def step(self) -> int:
        return self.state.step


class StateCache:
    """States by step and by the decisions before them.

    Parameters
    ----------
    budget : bytes of arrays to cache; the first state is cached whatever its size
    """

    def __init__(self, budget: int = BUDGET_BYTES) -> None:
        self._budget = budget
        self._entries: list[_CachedState] = []
        self._steps: tuple[Sequence[Decision], tuple[int, ...]] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """Size of the cached arrays."""
        return sum(entry.nbytes for entry in self._entries)

    def has(self, step: int, decisions: Sequence[Decision]) -> bool:
        """Whether the state at this boundary, before any decision there, is cached."""
        state = self.nearest(step, decisions)
        return state is not None and state.step == step

    def steps(self, decisions: Sequence[Decision]) -> tuple[int, ...]:
        """Return the steps of the cached states on the branch of these decisions, in order."""
        branch = tuple(decisions)
        if self._steps is None or self._steps[0] != branch:
            at = [decision.step for decision in branch]
            prefixes = [branch[:length] for length in range(len(branch) + 1)]
            steps = (
                entry.step
                for entry in self._entries
                if entry.decisions == prefixes[bisect_left(at, entry.step)]
            )
            self._steps = branch, tuple(dict.fromkeys(steps))
        return self._steps[1]

    def add(self, state: EngineState, decisions: Sequence[Decision]) -> None:
        """Cache a state copied before any decision at its boundary."""
        self._steps = None
        self._entries.append(_CachedState(state, _before(state.step, decisions), state.nbytes))
        self._entries.sort(key=lambda entry: entry.step)
        while len(self._entries) > 2 and self.nbytes > self._budget:
            del self._entries[self._cheapest_to_drop()]

    def discard(self, step: int) -> None:
        """Drop the cached states of a step."""
        self._steps = None
        self._entries = [entry for entry in self._entries if entry.step != step]

    def nearest(self, step: int, decisions: Sequence[Decision]) -> EngineState | None:
        """Return the last cached state at or before ``step`` on the branch of these decisions."""
        for entry in reversed(self._entries):
            if entry.step <= step and entry.decisions == _before(entry.step, decisions):
                return entry.state
        return None

    def _cheapest_to_drop(self) -> int:
        """Return the index of the state to drop: an old one with few steps to retrain."""
        newest = self._entries[-1].step

        def cost(index: int) -> float:
            left, here, right = (self._entries[index + i].step for i in (-1, 0, 1))
            return (right - left) / (newest - here + 1)

        return min(range(1, len(self._entries) - 1), key=cost)


def _before(step: int, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    return tuple(decision for decision in decisions if decision.step < step)
