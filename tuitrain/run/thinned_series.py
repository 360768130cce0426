"""Curves of which the older points summarize several values each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .curve_views import Series


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What the points of a curve summarize; all arrays have the length of the curve.

    Attributes
    ----------
    lows, highs : the lowest and the highest finite value, NaN without one
    counts : the number of finite values
    """

    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    counts: NDArray[np.int64]

    def part(self, places: slice) -> Spread:
        """Return what a part of the points summarizes."""
        return Spread(self.lows[places], self.highs[places], self.counts[places])


class ThinnedSeries(Series):
    """A long curve; each older value is the mean of several, at the step of the last of them.

    Parameters
    ----------
    steps, values : the points
    spread : what they summarize
    """

    __slots__ = ("_spread",)
    _spread: Spread

    def __init__(
        self, steps: NDArray[np.int64], values: NDArray[np.float64], spread: Spread
    ) -> None:
        Series.__init__(self, steps, values)
        object.__setattr__(self, "_spread", spread)  # as the other fields, it never changes

    @property
    def lows(self) -> NDArray[np.float64]:
        """The lowest value of those that each point summarizes."""
        return self._spread.lows

    @property
    def highs(self) -> NDArray[np.float64]:
        """The highest value of those that each point summarizes."""
        return self._spread.highs

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of finite values that each point summarizes."""
        return self._spread.counts

    def part(self, places: slice) -> ThinnedSeries:
        """Return a part of the points."""
        return ThinnedSeries(self.steps[places], self.values[places], self._spread.part(places))

    def mapped(
        self, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    ) -> ThinnedSeries:
        """Return the curve with an ascending function of its values, and of means of values."""
        spread = Spread(function(self.lows), function(self.highs), self.counts)
        return ThinnedSeries(self.steps, function(self.values), spread)
