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
class _Course:
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
            looks = read_groups(folder)
        except TuitrainError as error:
            looks, self.problem = [], f"gradients cannot be shown: {error}"
        self._looks = _by_line(looks)
        self._courses: dict[str, dict[str, _Course]] = {}

    def histories(
        self, branch: RecordedBranch, step: int, rates: Sequence[GroupHistory]
    ) -> tuple[GroupHistory, ...]:
        """Add the metrics up to a step to the histories of learning rates."""
        courses = self._of(branch)
        return tuple(_with(rate, courses.get(rate.name), step) for rate in rates)

    def _of(self, branch: RecordedBranch) -> dict[str, _Course]:
        if branch.name not in self._courses:
            self._courses[branch.name] = _courses(self._on(branch))
        return self._courses[branch.name]

    def _on(self, branch: RecordedBranch) -> list[GroupMetrics]:
        """Return the metrics of a branch, with those of its parents up to their forks."""
        metrics = self._looks.get(branch.name, [])
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


def _by_line(looks: Iterable[GroupMetrics]) -> dict[str, list[GroupMetrics]]:
    """Sort lines by branch, with ascending steps; a later line replaces an earlier one."""
    lines: dict[str, list[GroupMetrics]] = {}
    for look in looks:
        line = lines.setdefault(look.branch, [])
        while line and line[-1].step >= look.step:
            line.pop()
        line.append(look)
    return lines


def _courses(looks: Sequence[GroupMetrics]) -> dict[str, _Course]:
    points: dict[str, list[tuple[float, ...]]] = {}
    for look in looks:
        for name, values in look.groups.items():
            known = (math.nan if value is None else value for value in values)
            points.setdefault(name, []).append((look.step, *known))
    return {name: _course(item) for name, item in points.items()}


def _course(points: Sequence[tuple[float, ...]]) -> _Course:
    steps, grad_norm, update_ratio = np.array(points, np.float64).T.copy()
    return _Course(steps.astype(np.int64), grad_norm, update_ratio)


def _with(trace: GroupHistory, course: _Course | None, step: int) -> GroupHistory:
    if course is None:
        return trace
    places = course.until(step)
    steps, grad_norm, update_ratio = (
        values[places] for values in (course.steps, course.grad_norm, course.update_ratio)
    )
    for values in (steps, grad_norm, update_ratio):
        values.flags.writeable = False
    return replace(
        trace, grad_norm=Series(steps, grad_norm), update_ratio=Series(steps, update_ratio)
    )
