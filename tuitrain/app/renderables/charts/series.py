"""Functions on series: values at a step, parts of a series, running means."""

from __future__ import annotations

import numpy as np

from tuitrain.run.snapshot import Series


def value_at(series: Series, step: float | None) -> float | None:
    """Return the last value up to a step, or the newest if ``step`` is None; None without one."""
    at = _count_until(series, step)
    return float(series.values[at - 1]) if at else None


def count_at(series: Series, step: float | None) -> int:
    """Return how many values the value at a step is the mean of; 1 for a value itself."""
    at = _count_until(series, step)
    return max(1, int(series.part(slice(at - 1, at)).counts[0])) if at else 1


def clip_steps(series: Series, start: float, end: float) -> Series:
    """Return the part of a series from step ``start`` to step ``end``, both included."""
    first = int(np.searchsorted(series.steps, start))
    return series.part(slice(first, int(np.searchsorted(series.steps, end, side="right"))))


def log10(series: Series) -> Series:
    """Return the decimal logarithms of a series; zeros give -inf, negative values NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return series.mapped(np.log10)


def running_mean(series: Series, window: int) -> Series:
    """Return the mean of each value and up to ``window - 1`` values before it, without NaN.

    A point of a thinned series that summarizes more values than the window has is kept.
    """
    counts = series.counts
    known = counts > 0
    total = np.concatenate(([0.0], np.cumsum(np.where(known, series.values, 0.0) * counts)))
    number = np.concatenate(([0], np.cumsum(counts)))
    end = np.arange(1, len(series) + 1)
    places = np.concatenate(([0], np.cumsum(np.maximum(counts, 1))))  # NaN takes a place, too
    start = np.minimum(np.searchsorted(places, places[end] - window), end - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (total[end] - total[start]) / (number[end] - number[start])
    return Series(series.steps, np.where(known, means, np.nan))


def _count_until(series: Series, step: float | None) -> int:
    """Return the number of points up to a step; of all points if it is None."""
    return len(series) if step is None else int(np.searchsorted(series.steps, step, side="right"))
