"""Received curves, in buffers that double when full, with views that never change."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.state import Array

from ..errors import RemoteDataError

MAX_POINTS: Final = 2**27
"""Maximum number of points of all curves of a snapshot: they take 2 GiB."""

_SMALLEST: Final = 64
"""Points of a buffer that has grown once."""


class GrowingCurves:
    """Curves with common steps. Written values are never overwritten, so a view needs no copy.

    Parameters
    ----------
    steps : (n,) whole numbers
    values : (curves, n) numbers
    room : points for which the first buffers have room, if there are no more
    """

    def __init__(self, steps: NDArray[np.integer[Any]], values: Array, room: int = 0) -> None:
        capacity = max(len(steps), room)
        self._steps = np.empty(capacity, steps.dtype)
        self._values = np.empty((len(values), capacity), values.dtype)
        self._length = 0
        self._write(steps, values)

    def extended(self, keep: int, steps: NDArray[np.integer[Any]], values: Array) -> GrowingCurves:
        """Return curves with the first ``keep`` points of these, and more points after them.

        They are these curves themselves if all their points are kept, else a copy.

        Raises
        ------
        RemoteDataError : there are fewer points, or the dtypes differ
        """
        self.check(keep)
        if steps.dtype != self._steps.dtype or values.dtype != self._values.dtype:
            raise RemoteDataError(
                f"a curve of {self._steps.dtype} and {self._values.dtype} cannot continue with "
                f"{steps.dtype} and {values.dtype}"
            )
        if not len(steps):
            return self
        curves = self
        if keep != self._length:
            curves = GrowingCurves(self._steps[:keep], self._values[:, :keep])
        curves._write(steps, values)
        return curves

    def check(self, keep: int) -> None:
        """Raise `RemoteDataError` unless there are ``keep`` points."""
        if not 0 <= keep <= self._length:
            raise RemoteDataError(f"a curve of {self._length} points cannot continue after {keep}")

    def views(self, length: int) -> tuple[Array, Array]:
        """Return the first ``length`` steps, and (curves, length) values, read-only."""
        steps, values = self._steps[:length], self._values[:, :length]
        steps.flags.writeable = values.flags.writeable = False
        return steps, values

    def _write(self, steps: Array, values: Array) -> None:
        end = self._length + len(steps)
        if end > len(self._steps):
            capacity = max(end, 2 * len(self._steps), _SMALLEST)
            self._steps = _enlarged(self._steps, self._length, capacity)
            self._values = _enlarged(self._values, self._length, capacity)
        self._steps[self._length : end] = steps
        self._values[:, self._length : end] = values
        self._length = end


def _enlarged(buffer: Array, length: int, capacity: int) -> Array:
    larger = np.empty((*buffer.shape[:-1], capacity), buffer.dtype)
    larger[..., :length] = buffer[..., :length]
    return larger


def check_points(count: int) -> None:
    """Raise `RemoteDataError` if a snapshot has more than `MAX_POINTS` points."""
    if count > MAX_POINTS:
        raise RemoteDataError(f"the curves have {count} points; at most {MAX_POINTS} are read")
