"""Gradient norms and |Δw|/|w| of a recorded run's groups, at the steps that were looked at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tuitrain.errors import TuitrainError
from tuitrain.records.record_reader import read_groups
from tuitrain.run.group_metrics import GroupMetrics
from tuitrain.run.history.metric_history import MAX_POINTS
from tuitrain.run.snapshot import GroupHistory, GroupView, Series

from ...records.history import RecordedBranch


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """What is known of one group on one line; NaN where a value was not."""

    steps: np.ndarray
    grad_norm: np.ndarray
    update_ratio: np.ndarray

    def until(self, step: int) -> np.ndarray:
        """Return the places of what was known at a step: evenly spread, and the last of all."""
        end = int(np.searchsorted(self.steps, step, side="right"))
        if end <= MAX_POINTS:
            return np.arange(end)
        even = np.linspace(self.steps[0], self.steps[end - 1], MAX_POINTS)
        return np.unique(np.searchsorted(self.steps[:end], even))


class RecordedGroupMetrics:
    """What a record tells of the groups' courses; of an older one, nothing.

    Attributes
    ----------
    problem : why nothing can be told, or ""
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
        self, line: RecordedBranch, step: int, rates: Sequence[GroupHistory]
    ) -> tuple[GroupHistory, ...]:
        """Add to the courses of learning rates what is known of the others up to a step."""
        courses = self._of(line)
        return tuple(_with(each, courses.get(each.name), step) for each in rates)

    def _of(self, line: RecordedBranch) -> dict[str, _Course]:
        if line.name not in self._courses:
            self._courses[line.name] = _courses(self._on(line))
        return self._courses[line.name]

    def _on(self, line: RecordedBranch) -> list[GroupMetrics]:
        """Return what was seen on a line, and on those that it was made from."""
        mine = self._looks.get(line.name, [])
        if line.parent is None:
            return mine
        common = [each for each in self._on(line.parent) if each.step <= line.fork]
        return common + [each for each in mine if each.step > line.fork]


def with_last_metrics(group: GroupView, trace: GroupHistory) -> GroupView:
    """Return a group with the last values of its course; those of a frozen one it has no more."""
    if group.frozen_since is not None or not len(trace.grad_norm):
        return group
    grad_norm, update_ratio = trace.grad_norm.values[-1], trace.update_ratio.values[-1]
    return replace(group, grad_norm=float(grad_norm), update_ratio=float(update_ratio))


def _by_line(looks: Iterable[GroupMetrics]) -> dict[str, list[GroupMetrics]]:
    """Sort by line of history, each with ascending steps: what was seen later is what holds."""
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
    return {name: _course(each) for name, each in points.items()}


def _course(points: Sequence[tuple[float, ...]]) -> _Course:
    steps, grad_norm, update_ratio = np.array(points, np.float64).T.copy()
    return _Course(steps.astype(np.int64), grad_norm, update_ratio)


def _with(trace: GroupHistory, course: _Course | None, step: int) -> GroupHistory:
    if course is None:
        return trace
    places = course.until(step)
    steps, grad_norm, update_ratio = (
        each[places] for each in (course.steps, course.grad_norm, course.update_ratio)
    )
    for each in (steps, grad_norm, update_ratio):
        each.flags.writeable = False
    return replace(
        trace, grad_norm=Series(steps, grad_norm), update_ratio=Series(steps, update_ratio)
    )
