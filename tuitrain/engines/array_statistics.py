"""Statistics of an array, with a histogram and its first values."""

from __future__ import annotations

import math

import numpy as np

from .views import ArrayStatistics

BINS = 40
FIRST_VALUES = 64
"""Length of the excerpt from the start: more than the widest panel shows."""


def describe_array(array: np.ndarray) -> ArrayStatistics:
    """Describe an array of any shape; only `ArrayStatistics.non_finite` counts NaN and inf."""
    flat = array.ravel()
    finite = flat[np.isfinite(flat)]
    first = tuple(flat[:FIRST_VALUES].tolist())
    if not finite.size:
        return ArrayStatistics(
            math.nan, math.nan, math.nan, math.nan, math.nan, flat.size, (0,) * BINS, first
        )
    exact = finite.astype(np.float64)
    counts, _ = np.histogram(exact, BINS)
    return ArrayStatistics(
        mean=float(exact.mean()),
        std=float(exact.std()),
        low=float(exact.min()),
        high=float(exact.max()),
        norm=float(np.sqrt(exact @ exact)),
        non_finite=int(flat.size - finite.size),
        counts=tuple(counts.tolist()),
        first_values=first,
    )
