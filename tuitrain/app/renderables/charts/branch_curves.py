"""The curves of other branches, as ghosts behind the curve of the present branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from tuitrain.run.snapshot import BranchView, Series

from .plot import Curve

MAX_GHOSTS: Final = 6
"""Maximum number of ghosts, the branches that were left last; more would cover one another."""


def branch_curves(
    branches: Sequence[BranchView], read: Callable[[BranchView], Series]
) -> list[Curve]:
    """Return a dotted, named curve for each branch from its fork on, the last left first.

    Parameters
    ----------
    read : returns the values of a branch
    """
    return [
        Curve(_since(read(branch), branch.fork), "ghost", dotted=True, name=branch.name)
        for branch in reversed(branches[-MAX_GHOSTS:])
    ]


def value_range(
    present: Series, ghosts: Sequence[Curve], rises: bool = False
) -> tuple[float, float] | None:
    """Return the range of a chart's values; None if no value is finite.

    Ghosts do not raise the top, since a diverged branch would flatten the present one.

    Parameters
    ----------
    rises : whether a larger value is better; then ghosts do not lower the bottom instead, and the
        better values of a branch that was left are in view
    """
    own = present.values[np.isfinite(present.values)]
    others = np.concatenate([np.empty(0), *(curve.series.values for curve in ghosts)])
    others = others[np.isfinite(others)]
    both = np.concatenate([own, others])
    if not len(both):
        return None
    limits = own if len(own) else others
    if rises:
        return float(limits.min()), float(both.max())
    return float(both.min()), float(limits.max())


def _since(series: Series, step: int) -> Series:
    start = int(np.searchsorted(series.steps, step))
    return Series(series.steps[start:], series.values[start:])
