"""Traces: what the groups looked like at the moments that a face was shown, for its charts.

They are for the eye: no part of the state, and nothing is decided by them. Each line of history has
its own, which begins with what it has in common with the one it was made from.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from tuitrain.engines.views import GroupView

from ..line import Line
from ..snapshot import GroupHistory, Series

MAX_POINTS: Final = 512
"""Of a group, at most; when there are so many, half of them stay, evenly spread over the steps."""


class GroupMetricHistory:
    """The course of one group. What is written is never written again, so views need no copy."""

    def __init__(self) -> None:
        self._steps = np.empty(MAX_POINTS, np.int64)
        self._values = np.empty((3, MAX_POINTS), np.float64)
        self._length = 0

    def add(self, step: int, group: GroupView) -> None:
        """Add what the group looks like at a step, if none has been added there or later."""
        if self._length and step <= self._steps[self._length - 1]:
            return
        if self._length == MAX_POINTS:
            even = np.linspace(self._steps[0], self._steps[-1], MAX_POINTS // 2)
            self._become(np.unique(np.searchsorted(self._steps, even)))
        self._steps[self._length] = step
        self._values[:, self._length] = group.lr, group.grad_norm, group.update_ratio
        self._length += 1

    def until(self, step: int) -> GroupMetricHistory:
        """Return a trace of its own with what was noted up to and including ``step``."""
        cut = GroupMetricHistory()
        cut._steps, cut._values, cut._length = self._steps, self._values, self._length
        cut._become(np.flatnonzero(self._steps[: self._length] <= step))
        return cut

    def view(self, name: str) -> GroupHistory:
        """Return what a face shows, read-only."""
        steps, values = self._steps[: self._length], self._values[:, : self._length]
        steps.flags.writeable = values.flags.writeable = False
        return GroupHistory(name, *(Series(steps, each) for each in values))

    def _become(self, kept: np.ndarray) -> None:
        """Go on in new buffers, with these points of the old ones."""
        steps, values = self._steps, self._values
        self._steps, self._values = np.empty_like(steps), np.empty_like(values)
        self._length = len(kept)
        self._steps[: len(kept)] = steps[kept]
        self._values[:, : len(kept)] = values[:, kept]


class MetricHistory:
    """The traces of all groups, on every line that can still be returned to."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, GroupMetricHistory]] = {}
        self._shown = ""

    def add(
        self, step: int, line: Line, branches: Collection[str], groups: Sequence[GroupView]
    ) -> tuple[GroupHistory, ...]:
        """Add what the groups look like now, and return their traces, in the groups' order.

        Parameters
        ----------
        step : where the run stands
        line : the present line of history
        left : the names of the lines that were left
        """
        if line.name != self._shown:
            self._move_to(line, step, branches)
        here = self._lines[line.name]
        for group in groups:
            here.setdefault(group.name, GroupMetricHistory()).add(step, group)
        return tuple(here[group.name].view(group.name) for group in groups)

    def _move_to(self, line: Line, step: int, left: Collection[str]) -> None:
        known, common = self._lines.get(line.name), step
        if known is None:
            known, common = self._lines.get(self._shown, {}), min(line.fork, step)
        self._lines = {name: each for name, each in self._lines.items() if name in left}
        self._lines[line.name] = {name: each.until(common) for name, each in known.items()}
        self._shown = line.name
