"""The lines of history that were left, as ghosts behind the curve of the present one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from tuitrain.run.snapshot import BranchView, Series

from .plot import Curve

MAX_GHOSTS: Final = 6
"""More would cover one another; those that were left last are shown."""


def branch_curves(branches: Sequence[BranchView], what: Literal["loss", "accuracy"]) -> list[Curve]:
    """Return a dim, dotted, named curve for each branch, from its fork on; the last left first."""
    return [
        Curve(_since(getattr(branch, what), branch.fork), "ghost", dotted=True, name=branch.name)
        for branch in reversed(branches[-MAX_GHOSTS:])
    ]


def value_range(present: Series, left: Sequence[Curve]) -> tuple[float, float] | None:
    """Return the lowest and the highest value to show; None if there is no finite one.

    The top is that of the present line alone, so that a branch which diverged does not flatten
    the line that was made instead of it.
    """
    own = present.values[np.isfinite(present.values)]
    others = np.concatenate([np.empty(0), *(curve.series.values for curve in left)])
    others = others[np.isfinite(others)]
    both = np.concatenate([own, others])
    if not len(both):
        return None
    return float(both.min()), float(own.max() if len(own) else others.max())


def _since(series: Series, step: int) -> Series:
    start = int(np.searchsorted(series.steps, step))
    return Series(series.steps[start:], series.values[start:])
