"""The curves of other branches, as ghosts behind the curve of the present branch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    present: Sequence[Series], ghosts: Sequence[Curve], rises: bool = False
) -> tuple[float, float] | None:
    """Return the range of a chart's values; None if no value is finite.

    Ghosts do not raise the top, since a diverged branch would flatten the present one.

    Parameters
    ----------
    rises : whether a larger value is better; then ghosts do not lower the bottom instead, and the
        better values of a branch that was left are in view
    """
    own = _extremes(present)
    others = _extremes([curve.series for curve in ghosts])
    both = np.concatenate([own, others])
    if not len(both):
        return None
    limits = own if len(own) else others
    if rises:
        return float(limits.min()), float(both.max())
    return float(both.min()), float(limits.max())


def _since(series: Series, step: int) -> Series:
    start = int(np.searchsorted(series.steps, step))
    return series.part(slice(start, None))


def _extremes(curves: Iterable[Series]) -> NDArray[np.float64]:
    """Return the finite values among the lowest and highest of the points of curves."""
    values = [values for series in curves for values in (series.lows, series.highs)]
    every = np.concatenate([np.empty(0), *values])
    return every[np.isfinite(every)]
