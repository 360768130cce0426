"""Memory of a recorded step: every array is made once, and stays where it is."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from ... import aligned
from ...ops.base import Array
from ..graph import Value


def address(array: Array) -> int:
    """Return where an array's first element lies, in bytes."""
    return array.ctypes.data


def padded_stride(features: int) -> int:
    """Return the pitch of rows of so many floats: whole cache lines, and an odd number of them.

    Rows that lie a power of two apart share few of a cache's sets, which costs 12 %.
    """
    lines = -(-features * 4 // aligned.CACHE_LINE)
    return (lines + (lines > 4 and lines % 2 == 0)) * aligned.CACHE_LINE // 4


def row_stride(array: Array) -> int:
    """Return how many elements lie between one sample and the next."""
    return array.strides[0] // array.itemsize


def memory_shape(value: Value) -> tuple[int, ...]:
    """Return the shape in memory of one sample: images have their channels last.

    A pixel's channels side by side are what the kernels for convolutions take; everything else
    lies as it is named.
    """
    if value.channels_last:
        channels, height, width = value.shape
        return height, width, channels
    return value.shape


def public_view(array: Array, value: Value) -> Array:
    """Return a view of a value's memory in the shape that users know, channels first."""
    if value.channels_last:
        return array.transpose(0, 3, 1, 2)
    return array


class Workspace:
    """The arrays of a recorded step, by what they are for.

    Parameters
    ----------
    capacity : samples in the largest batch
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._arrays: dict[Hashable, Array] = {}
        self._aliases: dict[Value, Value] = {}

    def alias(self, value: Value, other: Value) -> None:
        """Let a value have the memory of another that has no gaps, for every purpose."""
        self._aliases[value] = other

    def array(self, key: Hashable, shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
        """Return the array of this key; made, of zeros, when first asked for."""
        found = self._arrays.get(key)
        if found is None:
            found = self._arrays[key] = aligned.zeros(shape, dtype)
        return found

    def value_array(self, value: Value, purpose: Hashable, rows: int) -> Array:
        """Return a value's array for some purpose, in the shape that it has in memory."""
        if value in self._aliases:
            found = self.value_array(self._aliases[value], purpose, rows)
            return found.reshape(rows, *memory_shape(value))
        if not value.batched:
            return self.array((value, purpose), value.shape, value.dtype)
        shape = memory_shape(value)
        if len(shape) == 1 and value.dtype == np.float32:
            rowwise = self.array((value, purpose), (self.capacity, padded_stride(*shape)))
            return rowwise[:rows, : shape[0]]
        return self.array((value, purpose), (self.capacity, *shape), value.dtype)[:rows]

    def nbytes(self) -> int:
        """Return how much memory there is."""
        return sum(each.nbytes for each in self._arrays.values())
