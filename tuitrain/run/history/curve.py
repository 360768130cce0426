"""Curves that only grow, with views that never change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..snapshot import Series


class Curve:
    """Values at ascending steps, in buffers that double when full.

    Written values are never overwritten, so a view is immutable without a copy: a snapshot of a
    million points costs two slices.
    """

    def __init__(self) -> None:
        self._steps = np.empty(1024, np.int64)
        self._values = np.empty(1024, np.float64)
        self._length = 0
        self._finite_until = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, first_step: int, values: Sequence[float]) -> None:
        """Append values at ``first_step`` and the steps that follow it."""
        end = self._length + len(values)
        while end > len(self._steps):
            self._steps = np.concatenate([self._steps, np.empty_like(self._steps)])
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
        self._steps[self._length : end] = np.arange(first_step, first_step + len(values))
        self._values[self._length : end] = values
        self._length = end

    def last(self, count: int) -> Sequence[float]:
        """Return the newest ``count`` values, or all if there are fewer."""
        return self._values[max(0, self._length - count) : self._length].tolist()

    def between(self, start: int, end: int) -> Sequence[float]:
        """Return the values from the index ``start`` up to ``end``, which is left out."""
        return self._values[start : min(end, self._length)].tolist()

    def until(self, step: int) -> Curve:
        """Return a new curve with the values up to and including ``step``."""
        prefix = Curve()
        length = int(np.searchsorted(self._steps[: self._length], step, side="right"))
        prefix._steps = self._steps[: max(length, 1)].copy()
        prefix._values = self._values[: max(length, 1)].copy()
        prefix._length = length
        return prefix

    def first_non_finite(self) -> int | None:
        """Return the first step whose value is NaN or infinite, or None."""
        non_finite = ~np.isfinite(self._values[self._finite_until : self._length])
        if not non_finite.any():
            self._finite_until = self._length
            return None
        return int(self._steps[self._finite_until + int(non_finite.argmax())])

    def series(self) -> Series:
        """Return all values, read-only."""
        steps, values = self._steps[: self._length], self._values[: self._length]
        steps.flags.writeable = values.flags.writeable = False
        return Series(steps, values)


class LengthOnlyCurve(Curve):
    """A curve that stores only its length, for steps without training: all values are 0.

    It takes no memory for a billion steps. `last` returns at most 64 values.
    """

    def extend(self, first_step: int, values: Sequence[float]) -> None:
        """Count values."""
        self._length = first_step - 1 + len(values)

    def last(self, count: int) -> Sequence[float]:
        """Return the newest values: zeros, at most 64."""
        return [0.0] * min(count, self._length, 64)

    def between(self, start: int, end: int) -> Sequence[float]:
        """Return nothing: the values are not stored."""
        del start, end
        return []

    def until(self, step: int) -> LengthOnlyCurve:
        """Return such a curve up to and including ``step``."""
        prefix = LengthOnlyCurve()
        prefix._length = min(step, self._length)
        return prefix
