"""The courses of groups on disk: gradient norms and |Δw|/|w|, at the steps that were looked at.

They are for the eye. Which steps these are depends on when somebody looked, not on the training: so
they have a file of their own, and nothing that compares, replays or resumes a run reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from tuitrain.commands import MAX_COUNT
from tuitrain.engines.views import GroupView

MAX_RESOLUTION: Final = 512
"""A line is due when a 512th of the steps taken has passed since the one before, so that their
number grows with the logarithm of the steps: a million steps leave 4 400 lines at most."""

MIN_RESOLUTION: Final = 16
"""The same with very many groups, whose lines are long."""

RESOLUTION_BUDGET: Final = 4096
"""Of all groups together: with more than 8 of them lines are fewer, as they are longer."""

SIGNIFICANT_DIGITS: Final = 6
"""Of a value; the screen shows three at most."""

ReadGroups: TypeAlias = Callable[[], Sequence[GroupView]]
"""Looks at the groups, which costs something."""


class GroupMetrics(msgspec.Struct, frozen=True):
    """What the groups looked like after a step.

    Attributes
    ----------
    branch : the name of the line of history
    groups : by name, gradient norm and |Δw|/|w|; None where there was none, or it was not finite
    """

    step: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
    branch: str
    groups: dict[str, tuple[float | None, float | None]]


class GroupMetricsThinner:
    """Decides which looks are written down: seldom ones in a long run, whatever the clock says.

    Parameters
    ----------
    last : what was written down last, or None
    """

    def __init__(self, last: GroupMetrics | None = None) -> None:
        last = last or GroupMetrics(-1, "", {})
        self._branch, self._step, self._groups = last.branch, last.step, max(1, len(last.groups))

    def sample(self, step: int, branch: str, take: ReadGroups, last: bool) -> dict[str, Any] | None:
        """Look, if a line is due; returns it, or None if none is, or there is nothing to see.

        Parameters
        ----------
        last : whether no step follows; a line is due then in any case
        """
        if not self._due(step, branch, last):
            return None
        looks = {group.name: (group.grad_norm, group.update_ratio) for group in take()}
        if not any(map(math.isfinite, sum(looks.values(), ()))):
            return None
        self._branch, self._step, self._groups = branch, step, len(looks)
        written = {name: [_short(each) for each in look] for name, look in looks.items()}
        return {"event": "groups", "step": step, "branch": branch, "groups": written}

    def _due(self, step: int, branch: str, last: bool) -> bool:
        passed = step - self._step
        if branch != self._branch or passed < 0:
            return True
        share = min(MAX_RESOLUTION, max(MIN_RESOLUTION, RESOLUTION_BUDGET // self._groups))
        return passed > 0 and (last or passed * share >= step)


def _short(value: float) -> float | None:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
