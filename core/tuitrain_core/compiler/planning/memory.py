"""The memory of a recorded step: every array is allocated once, and keeps its address."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np

from ... import aligned
from ...ops.base import Array
from ..graph import Value
from .call import CHUNK_SAMPLES, MAX_THREADS, ScratchRing


def address(array: Array) -> int:
    """Return the address of an array's first element."""
    return array.ctypes.data


def padded_stride(features: int) -> int:
    """Return the stride of rows of ``features`` floats: whole cache lines, an odd number of them.

    Rows whose distance is a power of two share few of a cache's sets, which costs 12 %.
    """
    lines = -(-features * 4 // aligned.CACHE_LINE)
    return (lines + (lines > 4 and lines % 2 == 0)) * aligned.CACHE_LINE // 4


def row_stride(array: Array) -> int:
    """Return the distance between two samples, in elements."""
    return array.strides[0] // array.itemsize


def memory_shape(value: Value) -> tuple[int, ...]:
    """Return the shape of one sample in memory: images have their channels last.

    The kernels of convolutions read a pixel's channels side by side. Other values have their
    public shape.
    """
    if value.channels_last:
        channels, height, width = value.shape
        return height, width, channels
    return value.shape


def as_rows(array: Array, axes: int = 1) -> Array:
    """Return an array as a matrix whose columns are its last ``axes`` axes.

    A matrix may have gaps between its rows; an array of more axes has none.
    """
    if array.ndim == 2 and axes == 1:
        return array
    return array.reshape(math.prod(array.shape[:-axes]), math.prod(array.shape[-axes:]))


def public_view(array: Array, value: Value) -> Array:
    """Return a view of a value's memory in its public shape, channels first."""
    if value.channels_last:
        return array.transpose(0, 3, 1, 2)
    return array


class Workspace:
    """The arrays of a program, by their purpose.

    Parameters
    ----------
    capacity : samples in the largest batch
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._arrays: dict[Hashable, Array] = {}
        self._aliases: dict[Value, Value] = {}

    def alias(self, value: Value, other: Value) -> None:
        """Let a value share all arrays of another value, whose memory has no gaps."""
        self._aliases[value] = other

    def array(self, key: Hashable, shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
        """Return the array of a key; made of zeros on the first call."""
        array = self._arrays.get(key)
        if array is None:
            array = self._arrays[key] = aligned.zeros(shape, dtype)
        return array

    def value_array(self, value: Value, purpose: Hashable, rows: int) -> Array:
        """Return a value's array for a purpose, such as its gradient, in its shape in memory."""
        if value in self._aliases:
            array = self.value_array(self._aliases[value], purpose, rows)
            return array.reshape(rows, *memory_shape(value))
        if not value.batched:
            return self.array((value, purpose), value.shape, value.dtype)
        shape = memory_shape(value)
        if len(shape) == 1 and value.dtype == np.float32:
            padded = self.array((value, purpose), (self.capacity, padded_stride(*shape)))
            return padded[:rows, : shape[0]]
        return self.array((value, purpose), (self.capacity, *shape), value.dtype)[:rows]


class StepMemory:
    """The arrays of a planned step: those of a workspace, for a batch of ``rows`` samples.

    Attributes
    ----------
    capacity : samples in the largest batch of the program
    hold_flag : the word that a check sets to hold the step; 0 otherwise
    """

    def __init__(self, workspace: Workspace, rows: int) -> None:
        self.workspace = workspace
        self.rows = rows
        self.capacity = workspace.capacity
        self.hold_flag = self.scratch("held", (8,), np.int64)[:1]

    def value(self, value: Value) -> Array:
        """Return a value's memory, in its shape in memory."""
        if value.tensor is not None:
            return value.tensor.memory()
        return self.workspace.value_array(value, "value", self.rows)

    def public_value(self, value: Value) -> Array:
        """Return a view of a value in its public shape; see `public_view`."""
        return public_view(self.value(value), value)

    def gradient(self, value: Value) -> Array:
        """Return the memory of a value's gradient, in its shape in memory."""
        return self.workspace.value_array(value, "gradient", self.rows)

    def gradient_part(self, value: Value) -> Array:
        """Return the memory of a part that is added to a value's gradient."""
        return self.workspace.value_array(value, "part", self.rows)

    def scratch(self, key: Hashable, shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
        """Return other memory of a layer."""
        return self.workspace.array(key, shape, dtype)

    def scratch_per_sample(self, key: Hashable, shape: tuple[int, ...]) -> Array:
        """Return float32 memory with room for every sample; ``shape`` is one sample's."""
        return self.workspace.array(key, (self.capacity, *shape))

    def ring(self, key: Hashable, shape: tuple[int, ...]) -> ScratchRing:
        """Return memory for one chunk of samples; ``shape`` is one sample's."""
        return ScratchRing(self.workspace.array(key, (MAX_THREADS, CHUNK_SAMPLES, *shape)))
