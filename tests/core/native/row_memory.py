"""Memory for kernels on rows, with guards between the rows; runs of a kernel in parts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from fenced_memory import between, empty_rows
from fenced_memory import rows as fenced_rows

from tuitrain_core.native.runtime.library import run

GUARD = 3
"""Floats between the rows, which a kernel must not read or write."""


def drawn(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def pitched(values: np.ndarray) -> np.ndarray:
    """Return rows with NaN between them, at the end of accessible memory."""
    flat, _ = fenced_rows(values.reshape(len(values), -1), values[0].size + GUARD)
    return flat


class Result:
    """Rows for a kernel to write; `values` checks that the gaps are unchanged."""

    def __init__(self, *shape: int) -> None:
        self._shape = shape
        features = int(np.prod(shape[1:]))
        self._sizes = shape[0], features, features + GUARD
        self.memory, self._view = empty_rows(*self._sizes)
        self._before = between(self.memory, *self._sizes).copy()

    def values(self) -> np.ndarray:
        np.testing.assert_array_equal(between(self.memory, *self._sizes), self._before)
        return self._view.reshape(self._shape).copy()


def in_parts(kernel, *arguments, total: int, granule: int = 1, results: Sequence[Result]):
    """Run a kernel at once and in parts; check for the same bits, and return the results."""
    outcomes = []
    middle = total // 2 // granule * granule
    for cuts in ([0, total], [0, middle, total], [0, min(granule, total), total]):
        for first, last in itertools.pairwise(cuts):
            run(kernel, *arguments, first, last)
        outcomes.append([result.values() for result in results])
    for other in outcomes[1:]:
        for one, two in zip(outcomes[0], other, strict=True):
            np.testing.assert_array_equal(one.view(np.int32), two.view(np.int32))
    return outcomes[0]
