"""The points of many histories, one after the other in arrays, so that all are compared at once."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.state import Array
from tuitrain.run.snapshot import GroupHistory, Series

from .wire_types import field_types

RATES: Final = ("lr", "lr_spans")
"""The fields of a history that `history_rates` covers."""

CURVES: Final = tuple(
    name for name, hint in field_types(GroupHistory).items() if hint is Series and name not in RATES
)
"""The fields of a history that are series with common steps."""

FACTS: Final = tuple(name for name in field_types(GroupHistory) if name not in (*CURVES, *RATES))
"""Its other fields."""

Lengths = NDArray[np.int64]


@dataclass(eq=False, frozen=True)
class HistoryPoints:
    """The points of n histories.

    Attributes
    ----------
    lengths : (n,) int64, the number of points of each
    steps : int64, those of the first history, then those of the second, …
    values : (series, …) float64, in the same order
    """

    lengths: Lengths
    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    @cached_property
    def ends(self) -> list[int]:
        """The place after the last point of each history."""
        return np.cumsum(self.lengths).tolist()

    @property
    def has_common_steps(self) -> bool:
        """Whether all histories have their points at the same steps."""
        if not _are_equal(self.lengths):
            return False
        steps, _ = self._by_history()
        return bool((steps == steps[0]).all())

    def of(self, index: int) -> tuple[Array, Array]:
        """Return the steps (p,) and the values (series, p) of one history."""
        end = self.ends[index]
        start = end - int(self.lengths[index])
        return self.steps[start:end], self.values[:, start:end]

    def after(self, keeps: Lengths) -> HistoryPoints:
        """Return the points of each history after its first ones."""
        if _are_equal(self.lengths) and _are_equal(keeps):
            steps, values = self._by_history()
            rest = slice(int(keeps[0]), None)
            return HistoryPoints(
                self.lengths - keeps,
                steps[:, rest].reshape(-1),
                values[:, :, rest].reshape(len(CURVES), -1),
            )
        places = ~self._first_places(keeps)
        return HistoryPoints(self.lengths - keeps, self.steps[places], self.values[:, places])

    def begins_with(self, known: HistoryPoints) -> bool:
        """Whether each history begins with all points of an earlier one; bits are compared."""
        if len(self.lengths) != len(known.lengths) or (self.lengths < known.lengths).any():
            return False
        if _are_equal(self.lengths) and _are_equal(known.lengths):
            first = slice(int(known.lengths[0]))
            known_steps, known_values = known._by_history()
            steps, values = self._by_history()
            return np.array_equal(steps[:, first], known_steps) and np.array_equal(
                values.view(np.int64)[:, :, first], known_values.view(np.int64)
            )
        places = self._first_places(known.lengths)
        return np.array_equal(self.steps[places], known.steps) and np.array_equal(
            self.values.view(np.int64)[:, places], known.values.view(np.int64)
        )

    def places_in(self, known: HistoryPoints) -> NDArray[np.intp] | None:
        """Return which points of earlier histories these begin with, after some were dropped.

        Returns
        -------
        Ascending places, the same for all histories; None if these begin with other points, or
        either has not the same steps in all histories
        """
        if len(self.lengths) != len(known.lengths) or not len(known.steps):
            return None
        if not (self.has_common_steps and known.has_common_steps):
            return None
        steps, values = self._by_history()
        known_steps, known_values = known._by_history()
        count = int(np.searchsorted(steps[0], int(known_steps[0, -1]), side="right"))
        places = np.searchsorted(known_steps[0], steps[0, :count])
        if not np.array_equal(known_steps[0, places], steps[0, :count]):
            return None
        kept, first = known_values[:, :, places], values[:, :, :count]
        return places if np.array_equal(kept.view(np.int64), first.view(np.int64)) else None

    def _by_history(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return steps (n, points) and values (series, n, points) of histories of one length."""
        shape = len(self.lengths), int(self.lengths[0])
        return self.steps.reshape(shape), self.values.reshape(len(CURVES), *shape)

    def _first_places(self, keeps: Lengths) -> NDArray[np.bool_]:
        """Return which points are among the first ``keeps`` ones of their history."""
        starts = np.cumsum(self.lengths) - self.lengths
        places = np.arange(len(self.steps)) - np.repeat(starts, self.lengths)
        return places < np.repeat(keeps, self.lengths)


def points_of(histories: Sequence[GroupHistory]) -> HistoryPoints | None:
    """Return the points of histories, copied.

    Returns
    -------
    None if the series of a history have not the same steps, or other dtypes than `Series` names,
    also those of the learning rates
    """
    every = [list(map(attrgetter(name), histories)) for name in CURVES]
    steps, *others = [list(map(attrgetter("steps"), series)) for series in every]
    values = [list(map(attrgetter("values"), series)) for series in every]
    if not _are_plain([steps], np.int64) or not _are_plain(values, np.float64):
        return None
    rates = list(map(attrgetter(RATES[0]), histories))
    rate_steps, rate_values = (list(map(attrgetter(name), rates)) for name in ("steps", "values"))
    if not _are_plain([rate_steps], np.int64) or not _are_plain([rate_values], np.float64):
        return None
    lengths = list(map(len, steps))
    if list(map(len, rate_steps)) != list(map(len, rate_values)):
        return None
    if any(list(map(len, arrays)) != lengths for arrays in values):
        return None
    if not all(_are_same(steps, arrays) for arrays in others):
        return None
    content = b"".join(chain.from_iterable(values))
    return HistoryPoints(
        np.array(lengths, np.int64),
        np.frombuffer(b"".join(steps), np.int64),
        np.frombuffer(content, np.float64).reshape(len(CURVES), sum(lengths)),
    )


def _are_plain(arrays: Sequence[Sequence[Array]], dtype: Any) -> bool:
    """Whether arrays are contiguous, have one axis, and the dtype."""
    every = [array for part in arrays for array in part]
    kinds = set(map(attrgetter("dtype", "ndim", "strides"), every))
    return kinds <= {(np.dtype(dtype), 1, (8,))}


def _are_same(first: Sequence[Array], second: Sequence[Array]) -> bool:
    """Whether arrays are the same, or int64 of the same values."""
    if all(map(operator.is_, first, second)):
        return True
    return _are_plain([second], np.int64) and all(map(np.array_equal, first, second))


def _are_equal(counts: Lengths) -> bool:
    return len(counts) > 0 and bool((counts == counts[0]).all())
