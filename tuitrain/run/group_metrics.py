"""The groups' metrics in a record: gradient norms and |Δw|/|w|, at some of the steps.

They are for display only. Their steps depend on when snapshots were built, not on the training, so
they have a file of their own, which no comparison, replay or resume reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from tuitrain.commands import MAX_COUNT
from tuitrain.engines.views import GroupView

MAX_RESOLUTION: Final = 512
"""A line is due when a 512th of the steps taken has passed since the line before, so the number of
lines grows with the logarithm of the steps: a million steps leave 4 400 lines at most."""

MIN_RESOLUTION: Final = 16
"""The resolution with very many groups, which make long lines."""

RESOLUTION_BUDGET: Final = 4096
"""Resolution times groups: more than 8 groups have fewer lines, because each is longer."""

SIGNIFICANT_DIGITS: Final = 6
"""Digits of a written value; the screen shows three at most."""

ReadGroups: TypeAlias = Callable[[], Sequence[GroupView]]
"""Describes the groups at the present step; this takes time."""


class GroupMetrics(msgspec.Struct, frozen=True):
    """The metrics of all groups after a step.

    Attributes
    ----------
    step : the steps taken before it
    branch : the branch on which they were taken
    groups : by name, the gradient norm and |Δw|/|w|; null for a value that is unknown or not finite
    rates : by name, the learning rate of the next step; records of earlier versions have none
    """

    step: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
    branch: str
    groups: dict[str, tuple[float | None, float | None]]
    rates: dict[str, float | None] = {}


class GroupMetricsThinner:
    """Chooses the steps whose metrics are written, by steps alone and not by time.

    Parameters
    ----------
    last : the last metrics written, or None
    """

    def __init__(self, last: GroupMetrics | None = None) -> None:
        last = last or GroupMetrics(-1, "", {})
        self._branch, self._step, self._groups = last.branch, last.step, max(1, len(last.groups))

    def sample(
        self, step: int, branch: str, read_groups: ReadGroups, last: bool
    ) -> dict[str, Any] | None:
        """Return the metrics to write; None if none are due or no value is finite.

        Parameters
        ----------
        step : the present step
        branch : the name of the present branch
        read_groups : describes the groups; called only if a line is due
        last : whether this is the last step, at which a line is always due
        """
        if not self._is_due(step, branch, last):
            return None
        groups = read_groups()
        metrics = {group.name: (group.grad_norm, group.update_ratio) for group in groups}
        if not any(math.isfinite(value) for pair in metrics.values() for value in pair):
            return None
        self._branch, self._step, self._groups = branch, step, len(metrics)
        written = {name: [_shorten(value) for value in pair] for name, pair in metrics.items()}
        rates = {group.name: group.lr if math.isfinite(group.lr) else None for group in groups}
        return {
            "event": "groups",
            "step": step,
            "branch": branch,
            "groups": written,
            "rates": rates,
        }

    def _is_due(self, step: int, branch: str, last: bool) -> bool:
        passed = step - self._step
        if branch != self._branch or passed < 0:
            return True
        resolution = min(MAX_RESOLUTION, max(MIN_RESOLUTION, RESOLUTION_BUDGET // self._groups))
        return passed > 0 and (last or passed * resolution >= step)


def _shorten(value: float) -> float | None:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
