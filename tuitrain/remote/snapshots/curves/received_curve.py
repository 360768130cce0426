"""Received curves; for a screen in bounded memory, with older points thinned to means."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.state import Array
from tuitrain.run.snapshot import Series
from tuitrain.run.thinned_series import Spread, ThinnedSeries

from ..errors import RemoteDataError
from .growing_curves import GrowingCurves

WHOLE_POINTS: Final = 16_384
"""The newest points of a curve that are all kept. A chart has at most a few hundred columns."""

MAX_BUCKETS: Final = 8_192
"""The most points that summarize all older ones: some 40 in each column of a chart."""

_FIRST_WIDTH: Final = 4
"""Points in a bucket, until there are too many buckets; then it doubles."""


MAX_SHOWN: Final = 2 * WHOLE_POINTS + MAX_BUCKETS
"""The most points of a curve that are kept."""

_PIECE: Final = 4 * WHOLE_POINTS
"""Points that are taken at a time: a new viewer gets all of a long run at once."""


@dataclass(frozen=True, slots=True, eq=False)
class ReceivedCurve:
    """A curve. Of a long one, the newest points may be whole and older ones thinned to buckets.

    The points are numbered from 0. Bucket i has those from i * width to (i + 1) * width - 1.

    Attributes
    ----------
    kinds : the dtypes of steps and values, as received
    buffer : the steps, and the values; of a thinned curve also their lows, highs and counts
    length : number of points, also of those that are in buckets
    thins : whether points may be put into buckets
    start : the number of the first whole point
    width : of the buckets
    ends : the number after the last point of each bucket that has any
    is_thinned : whether the buffer has lows, highs and counts
    """

    kinds: tuple[np.dtype[Any], np.dtype[Any]]
    buffer: GrowingCurves
    length: int
    thins: bool
    start: int = 0
    width: int = _FIRST_WIDTH
    ends: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    is_thinned: bool = False

    @classmethod
    def of(cls, steps: NDArray[np.integer[Any]], values: Array, thins: bool) -> ReceivedCurve:
        """Return a curve with these points."""
        buffer = GrowingCurves(steps[:0], values[None, :0])
        return cls((steps.dtype, values.dtype), buffer, 0, thins)._with(steps, values)

    @property
    def shown(self) -> int:
        """The number of points of the series."""
        return len(self.ends) + self.length - self.start

    def series(self) -> Series:
        """Return the curve; it never changes."""
        steps, rows = self.buffer.views(self.shown)
        if not self.is_thinned:
            return Series(steps, rows[0])
        values, lows, highs, counts = rows
        return ThinnedSeries(steps, values, Spread(lows, highs, counts.astype(np.int64)))

    def extended(self, keep: int, steps: NDArray[np.integer[Any]], values: Array) -> ReceivedCurve:
        """Return a curve with the first ``keep`` points of this one, and more points after them.

        A bucket with points of both kinds, those that are kept and those that are not, is left out.

        Raises
        ------
        RemoteDataError : there are fewer points, or the dtypes differ
        """
        if not 0 <= keep <= self.length:
            raise RemoteDataError(f"a curve of {self.length} points cannot continue after {keep}")
        if (steps.dtype, values.dtype) != self.kinds:
            own = " and ".join(map(str, self.kinds))
            raise RemoteDataError(
                f"a curve of {own} cannot continue with {steps.dtype} and {values.dtype}"
            )
        return self._until(keep)._with(steps, values)

    def _with(self, steps: NDArray[np.integer[Any]], values: Array) -> ReceivedCurve:
        """Return the curve with more points, which it takes in pieces, to copy few at a time."""
        curve = self
        for start in range(0, len(steps), _PIECE):
            part = slice(start, start + _PIECE)
            rows = _spread_rows(values[part]) if curve.is_thinned else values[None, part]
            buffer = curve.buffer.extended(curve.shown, steps[part], rows)
            length = curve.length + len(steps[part])
            curve = replace(curve, buffer=buffer, length=length)._thinned()
        return curve

    def _until(self, keep: int) -> ReceivedCurve:
        if keep >= self.start:
            return replace(self, length=keep)
        ends = self.ends[: np.searchsorted(self.ends, keep, side="right")]
        return replace(self, length=keep, start=keep, ends=ends)

    def _thinned(self) -> ReceivedCurve:
        """Put older points into buckets, if there are twice as many whole points as are kept."""
        if not self.thins or self.length - self.start < 2 * WHOLE_POINTS:
            return self
        width = self.width
        while (self.length - WHOLE_POINTS) // width > MAX_BUCKETS:
            width *= 2
        start = (self.length - WHOLE_POINTS) // width * width
        ends = np.concatenate([self.ends, np.arange(self.start, start) + 1])
        begins = np.flatnonzero(np.diff((ends - 1) // width, prepend=-1))
        lasts = np.append(begins[1:], len(ends)) - 1
        steps, rows = self.buffer.views(self.shown)
        rows = rows if self.is_thinned else _spread_rows(rows[0])
        older, newer = slice(len(ends)), slice(len(ends), None)
        buffer = GrowingCurves(
            np.concatenate([steps[older][lasts], steps[newer]]),
            np.concatenate([_merged(rows[:, older], begins), rows[:, newer]], axis=1),
            room=MAX_SHOWN,
        )
        return replace(
            self, buffer=buffer, start=start, width=width, ends=ends[lasts], is_thinned=True
        )


def _spread_rows(values: Array) -> Array:
    """Return the means, lows, highs and counts of single values."""
    is_finite = np.isfinite(values)
    finite = np.where(is_finite, values, np.nan)
    return np.stack([values, finite, finite, is_finite], dtype=np.float64)


def _merged(rows: Array, begins: NDArray[np.intp]) -> Array:
    """Return the means, lows, highs and counts of buckets.

    Parameters
    ----------
    rows : means, lows, highs and counts of points
    begins : the first point of each bucket
    """
    means, lows, highs, counts = rows
    count = np.add.reduceat(counts, begins)
    total = np.add.reduceat(np.where(counts > 0, means, 0.0) * counts, begins)
    with np.errstate(invalid="ignore"):
        mean = total / count
    low, high = np.fmin.reduceat(lows, begins), np.fmax.reduceat(highs, begins)
    return np.stack([mean, low, high, count])
