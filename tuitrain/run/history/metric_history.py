"""The history of each group's metrics, at the steps at which snapshots were built, for its charts.

It is for display only: it is not part of the state, and no decision depends on it. Each branch has
its own history, which begins with the part shared with its parent. Learning rates are not in it:
they follow from the decisions (`lr_history`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.views import GroupView

from ..snapshot import GroupHistory, Series
from .branch import Branch

MAX_POINTS: Final = 512
"""Maximum number of points of a group; when it is reached, every second point is dropped."""


class GroupMetricHistory:
    """The metrics of one group. Written values are never overwritten, so views need no copy."""

    def __init__(self) -> None:
        self._steps = np.empty(MAX_POINTS, np.int64)
        self._values = np.empty((2, MAX_POINTS), np.float64)
        self._length = 0

    def add(self, step: int, group: GroupView) -> None:
        """Add the metrics of a step, unless this step or a later one has metrics already."""
        if self._length and step <= self._steps[self._length - 1]:
            return
        if self._length == MAX_POINTS:
            first, last = float(self._steps[0]), float(self._steps[-1])
            even = np.linspace(first, last, MAX_POINTS // 2)
            places = np.searchsorted(self._steps, even)
            self._keep(places[np.diff(places, prepend=-1) > 0])  # np.unique would import numpy.ma
        self._steps[self._length] = step
        self._values[:, self._length] = group.grad_norm, group.update_ratio
        self._length += 1

    def until(self, step: int) -> GroupMetricHistory:
        """Return a new history with the metrics up to and including ``step``."""
        prefix = GroupMetricHistory()
        prefix._steps, prefix._values, prefix._length = self._steps, self._values, self._length
        prefix._keep(np.flatnonzero(self._steps[: self._length] <= step))
        return prefix

    def view(self, name: str) -> GroupHistory:
        """Return the metrics as read-only series."""
        steps, values = self._steps[: self._length], self._values[:, : self._length]
        steps.flags.writeable = values.flags.writeable = False
        grad_norm, update_ratio = (Series(steps, row) for row in values)
        return GroupHistory(name, grad_norm=grad_norm, update_ratio=update_ratio)

    def _keep(self, indices: NDArray[np.signedinteger[Any]]) -> None:
        """Continue in new buffers, with these points of the old ones."""
        steps, values = self._steps, self._values
        self._steps, self._values = np.empty_like(steps), np.empty_like(values)
        self._length = len(indices)
        self._steps[: len(indices)] = steps[indices]
        self._values[:, : len(indices)] = values[:, indices]


class MetricHistory:
    """The metrics of all groups, on every branch that the run can return to."""

    def __init__(self) -> None:
        self._branches: dict[str, dict[str, GroupMetricHistory]] = {}
        self._current = ""

    def add(
        self, step: int, branch: Branch, branches: Collection[str], groups: Sequence[GroupView]
    ) -> tuple[GroupHistory, ...]:
        """Add the groups' present metrics, and return all histories, in the groups' order.

        Parameters
        ----------
        step : the present step
        branch : the present branch
        branches : the names of the other branches
        groups : the groups at the present step
        """
        if branch.name != self._current:
            self._move_to(branch, step, branches)
        histories = self._branches[branch.name]
        for group in groups:
            histories.setdefault(group.name, GroupMetricHistory()).add(step, group)
        return tuple(histories[group.name].view(group.name) for group in groups)

    def _move_to(self, branch: Branch, step: int, branches: Collection[str]) -> None:
        known, common = self._branches.get(branch.name), step
        if known is None:
            known, common = self._branches.get(self._current, {}), min(branch.fork, step)
        self._branches = {name: kept for name, kept in self._branches.items() if name in branches}
        self._branches[branch.name] = {name: part.until(common) for name, part in known.items()}
        self._current = branch.name
