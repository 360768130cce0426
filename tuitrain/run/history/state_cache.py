"""Cached states: copies of the engine's past, from which any step can be reached again.

A cached state depends on the decisions before it, and serves every branch that begins with the same
decisions. Older states are thinned out, to stay within a budget.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Final

from tuitrain.commands import AnyCommand
from tuitrain.engines.state import EngineState

BUDGET_BYTES = 256 << 20
"""Memory for cached states; more of them are thinned out."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A command that changed the engine at the boundary before step ``step``."""

    step: int
    command: AnyCommand


@dataclass(frozen=True, slots=True, eq=False)
class _CachedState:
    step: int
    state: EngineState
    decisions: tuple[Decision, ...]
    nbytes: int


_step_of: Final = attrgetter("step")


class StateCache:
    """States by step and by the decisions before them.

    Parameters
    ----------
    budget : bytes of arrays to cache; the first state is cached whatever its size
    """

    def __init__(self, budget: int = BUDGET_BYTES) -> None:
        self._budget = budget
        self._entries: list[_CachedState] = []
        self._nbytes = 0
        self._steps: tuple[Sequence[Decision], tuple[int, ...]] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """Size of the cached arrays."""
        return self._nbytes

    def has(self, step: int, decisions: Sequence[Decision]) -> bool:
        """Whether the state at this boundary, before any decision there, is cached."""
        state = self.nearest(step, decisions)
        return state is not None and state.step == step

    def steps(self, decisions: Sequence[Decision]) -> tuple[int, ...]:
        """Return the steps of the cached states on the branch of these decisions, in order."""
        branch = tuple(decisions)
        if self._steps is None or self._steps[0] != branch:
            self._steps = branch, tuple(dict.fromkeys(self._steps_on(branch)))
        return self._steps[1]

    def _steps_on(self, branch: tuple[Decision, ...]) -> list[int]:
        """Return the steps of the states on a branch: between two of its decisions, at one go."""
        at = list(map(_step_of, self._entries))
        ends = [bisect_right(at, decision.step) for decision in branch]
        steps: list[int] = []
        for length, (start, end) in enumerate(pairwise([0, *ends, len(at)])):
            before = branch[:length]
            part = self._entries[start:end]
            steps += [entry.step for entry in part if entry.decisions == before]
        return steps

    def add(self, state: EngineState, decisions: Sequence[Decision]) -> None:
        """Cache a state copied before any decision at its boundary."""
        self._steps = None
        step, size = state.step, state.nbytes
        entry = _CachedState(step, state, _before(step, decisions), size)
        insort(self._entries, entry, key=_step_of)
        self._nbytes += size
        while len(self._entries) > 2 and self._nbytes > self._budget:
            self._nbytes -= self._entries.pop(self._cheapest_to_drop()).nbytes

    def discard(self, step: int) -> None:
        """Drop the cached states of a step."""
        self._steps = None
        self._entries = [entry for entry in self._entries if entry.step != step]
        self._nbytes = sum(entry.nbytes for entry in self._entries)

    def nearest(self, step: int, decisions: Sequence[Decision]) -> EngineState | None:
        """Return the last cached state at or before ``step`` on the branch of these decisions."""
        for entry in reversed(self._entries):
            if entry.step <= step and entry.decisions == _before(entry.step, decisions):
                return entry.state
        return None

    def _cheapest_to_drop(self) -> int:
        """Return the index of the state to drop: an old one with few steps to retrain."""
        steps = list(map(_step_of, self._entries))
        newest = steps[-1]
        costs = [
            (right - left) / (newest - here + 1)
            for left, here, right in zip(steps, steps[1:], steps[2:], strict=False)
        ]
        return 1 + costs.index(min(costs))


def _before(step: int, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    return tuple(decision for decision in decisions if decision.step < step)
