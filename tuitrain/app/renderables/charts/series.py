"""Functions on series: values at a step, parts of a series, running means."""

from __future__ import annotations

import numpy as np

from tuitrain.run.snapshot import Series


def value_at(series: Series, step: float | None) -> float | None:
    """Return the last value up to a step, or the newest if ``step`` is None; None without one."""
    at = len(series) if step is None else int(np.searchsorted(series.steps, step, side="right"))
    return float(series.values[at - 1]) if at else None


def clip_steps(series: Series, start: float, end: float) -> Series:
    """Return the part of a series from step ``start`` to step ``end``, both included."""
    first = int(np.searchsorted(series.steps, start))
    part = slice(first, int(np.searchsorted(series.steps, end, side="right")))
    return Series(series.steps[part], series.values[part])


def log10(series: Series) -> Series:
    """Return the decimal logarithms of a series; zeros give -inf, negative values NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return Series(series.steps, np.log10(series.values))


def running_mean(series: Series, window: int) -> Series:
    """Return the mean of each value and up to ``window - 1`` values before it, without NaN."""
    known = np.isfinite(series.values)
    total = np.concatenate(([0.0], np.cumsum(np.where(known, series.values, 0.0))))
    number = np.concatenate(([0], np.cumsum(known)))
    end = np.arange(1, len(series) + 1)
    start = np.maximum(0, end - window)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (total[end] - total[start]) / (number[end] - number[start])
    return Series(series.steps, np.where(known, means, np.nan))
