"""Statistics of an array, with a histogram and its first values."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from .state import Array
from .views import ArrayStatistics

BINS = 40
FIRST_VALUES = 64
"""Length of the excerpt from the start: more than the widest panel shows."""

_CHUNK: Final = 1 << 15
"""Elements that are read together: their copy in float64 stays in the cache of a core."""

_SMALL: Final = 1e-140
_LARGE: Final = 1e140
"""Magnitudes between which the squares of float64 values can be added as they are."""


def describe_array(array: np.ndarray) -> ArrayStatistics:
    """Describe an array of any shape; only `ArrayStatistics.non_finite` counts NaN and inf."""
    flat = array.ravel()
    low, high = (float(flat.min()), float(flat.max())) if flat.size else (math.nan, math.nan)
    finite = flat
    if not (math.isfinite(low) and math.isfinite(high)):  # NaN and inf are extremes, too
        finite = flat[np.isfinite(flat)]
        if finite.size:
            low, high = float(finite.min()), float(finite.max())
    first: tuple[float, ...] = tuple(flat[:FIRST_VALUES].tolist())
    non_finite = int(flat.size - finite.size)
    if not finite.size:
        return no_statistics(non_finite, first)
    unit = unit_of(low, high)
    sums = _sums(finite, low, high, unit)
    return statistics_from_sums(low, high, unit, finite.size, *sums, non_finite, first)


def no_statistics(non_finite: int, first_values: tuple[float, ...]) -> ArrayStatistics:
    """Return the statistics of an array without a finite value."""
    nan = math.nan
    return ArrayStatistics(nan, nan, nan, nan, nan, non_finite, (0,) * BINS, first_values)


def statistics_from_sums(
    low: float,
    high: float,
    unit: float,
    size: int,
    total: float,
    squares: float,
    counts: tuple[int, ...],
    non_finite: int,
    first_values: tuple[float, ...],
) -> ArrayStatistics:
    """Return the statistics of ``size`` finite values between ``low`` and ``high``.

    Parameters
    ----------
    unit : of the sums
    total, squares : the sums of the distances from ``low``, and of their squares; with values from
        there on, mean and variance of nearly equal values lose no digits
    """
    mean = total / size
    variance = max(0.0, squares / size - mean * mean)
    start = low / unit
    square_sum = squares + start * (2.0 * total + size * start)
    return ArrayStatistics(
        mean=(start + mean) * unit,
        std=math.sqrt(variance) * unit,
        low=low,
        high=high,
        norm=math.sqrt(max(0.0, square_sum)) * unit,
        non_finite=non_finite,
        counts=counts,
        first_values=first_values,
    )


def unit_of(low: float, high: float) -> float:
    """Return the unit in which the squares of values in a range neither overflow nor vanish."""
    largest = max(-low, high, low, -high)
    return 1.0 if _SMALL < largest < _LARGE or largest == 0.0 else largest


def bin_scale(low: float, high: float, unit: float) -> float:
    """Return how many bins a unit has; 0 for values that are all equal."""
    span = high / unit - low / unit
    return BINS / span if span > 0.0 else 0.0


def as_counts(counts: list[int], low: float, high: float) -> tuple[int, ...]:
    """Return counts by bin; equal values are in the middle, as with `numpy.histogram`."""
    if high > low:
        return tuple(counts)
    return (0,) * (BINS // 2) + (sum(counts),) + (0,) * (BINS - BINS // 2 - 1)


def _sums(
    flat: Array, low: float, high: float, unit: float
) -> tuple[float, float, tuple[int, ...]]:
    """Return the sum of the distances from ``low``, that of their squares, and the histogram."""
    total = squares = 0.0
    counts = np.zeros(BINS + 1, np.int64)
    scale = bin_scale(low, high, unit)
    for start in range(0, flat.size, _CHUNK):
        distances = flat[start : start + _CHUNK].astype(np.float64)
        if unit != 1.0:
            distances /= unit
        distances -= low / unit
        total += float(distances.sum())
        squares += float(np.square(distances).sum())  # a product of BLAS would start its threads
        distances *= scale
        counts += np.bincount(distances.astype(np.int32), minlength=BINS + 1)
    counts[BINS - 1] += counts[BINS]  # the highest value
    return total, squares, as_counts(counts[:BINS].tolist(), low, high)
