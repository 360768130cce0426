"""Gradient norms and |Δw|/|w| of a recorded run's groups, at the steps that were recorded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tuitrain.errors import TuitrainError
from tuitrain.records.history import RecordedBranch
from tuitrain.records.record_reader import read_groups
from tuitrain.run.group_metrics import GroupMetrics
from tuitrain.run.history.metric_history import MAX_POINTS
from tuitrain.run.snapshot import GroupHistory, GroupView, Series


@dataclass(frozen=True, slots=True, eq=False)
class _RecordedHistory:
    """The known metrics of a group on a branch; NaN where a value is unknown."""

    steps: np.ndarray
    grad_norm: np.ndarray
    update_ratio: np.ndarray

    def until(self, step: int) -> np.ndarray:
        """Return indices of values up to a step: evenly spread, with the last one."""
        end = int(np.searchsorted(self.steps, step, side="right"))
        if end <= MAX_POINTS:
            return np.arange(end)
        even = np.linspace(self.steps[0], self.steps[end - 1], MAX_POINTS)
        return np.unique(np.searchsorted(self.steps[:end], even))


class RecordedGroupMetrics:
    """The group metrics of a record; records of early versions have none.

    Attributes
    ----------
    problem : why there are none, or ""
    """

    def __init__(self, folder: Path) -> None:
        self.problem = ""
        try:
            lines = read_groups(folder)
        except TuitrainError as error:
            lines, self.problem = [], f"gradients cannot be shown: {error}"
        self._lines = _by_branch(lines)
        self._histories: dict[str, dict[str, _RecordedHistory]] = {}

    def histories(
        self, branch: RecordedBranch, step: int, rates: Sequence[GroupHistory]
    ) -> tuple[GroupHistory, ...]:
        """Add the metrics up to a step to the histories of learning rates."""
        known = self._of(branch)
        return tuple(_with(rate, known.get(rate.name), step) for rate in rates)

    def _of(self, branch: RecordedBranch) -> dict[str, _RecordedHistory]:
        if branch.name not in self._histories:
            self._histories[branch.name] = _make_histories(self._on(branch))
        return self._histories[branch.name]

    def _on(self, branch: RecordedBranch) -> list[GroupMetrics]:
        """Return the metrics of a branch, with those of its parents up to their forks."""
        metrics = self._lines.get(branch.name, [])
        if branch.parent is None:
            return metrics
        common = [entry for entry in self._on(branch.parent) if entry.step <= branch.fork]
        return common + [entry for entry in metrics if entry.step > branch.fork]


def with_last_metrics(group: GroupView, trace: GroupHistory) -> GroupView:
    """Return a group with its last metrics; a frozen group has no metrics."""
    if group.frozen_since is not None or not len(trace.grad_norm):
        return group
    grad_norm, update_ratio = trace.grad_norm.values[-1], trace.update_ratio.values[-1]
    return replace(group, grad_norm=float(grad_norm), update_ratio=float(update_ratio))


def _by_branch(lines: Iterable[GroupMetrics]) -> dict[str, list[GroupMetrics]]:
    """Sort lines by branch, with ascending steps; a later line replaces an earlier one."""
    branches: dict[str, list[GroupMetrics]] = {}
    for line in lines:
        branch = branches.setdefault(line.branch, [])
        while branch and branch[-1].step >= line.step:
            branch.pop()
        branch.append(line)
    return branches


def _make_histories(lines: Sequence[GroupMetrics]) -> dict[str, _RecordedHistory]:
    points: dict[str, list[tuple[float, ...]]] = {}
    for line in lines:
        for name, values in line.groups.items():
            known = (math.nan if value is None else value for value in values)
            points.setdefault(name, []).append((line.step, *known))
    return {name: _make_history(item) for name, item in points.items()}


def _make_history(points: Sequence[tuple[float, ...]]) -> _RecordedHistory:
    steps, grad_norm, update_ratio = np.array(points, np.float64).T.copy()
    return _RecordedHistory(steps.astype(np.int64), grad_norm, update_ratio)


def _with(trace: GroupHistory, history: _RecordedHistory | None, step: int) -> GroupHistory:
    if history is None:
        return trace
    places = history.until(step)
    steps, grad_norm, update_ratio = (
        values[places] for values in (history.steps, history.grad_norm, history.update_ratio)
    )
    for values in (steps, grad_norm, update_ratio):
        values.flags.writeable = False
    return replace(
        trace, grad_norm=Series(steps, grad_norm), update_ratio=Series(steps, update_ratio)
    )
