"""The arrays of a data set as a loader reads them: samples that a kernel copies or normalizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..native.runtime import batch_gather
from ..native.runtime.library import Kernel, run
from ..ops.base import Array
from .memory_dataset import Dataset

MAX_BYTE_CHANNELS: Final = 16
"""Bytes with statistics for more channels become floats at once: a kernel has code for each."""


@dataclass(frozen=True, slots=True)
class SampleArray:
    """One array of a data set, one entry for each sample.

    Attributes
    ----------
    array : uint8, float32 or int32 (N, ...), C-contiguous
    scales, shifts : float32 numbers a and b of ``x * a - b`` for bytes x: one, or one for each
        channel; empty for arrays that are copied
    """

    array: Array
    scales: tuple[float, ...] = ()
    shifts: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype in a batch: float32, or int32 for whole numbers."""
        return np.dtype(np.int32 if self.array.dtype == np.int32 else np.float32)

    def limits(self) -> tuple[float, float]:
        """Return the smallest and the largest number of a batch."""
        low, high = float(self.array.min()), float(self.array.max())
        if not self.scales:
            return low, high
        ends = [
            a * x - b for a, b in zip(self.scales, self.shifts, strict=True) for x in (low, high)
        ]
        return min(ends), max(ends)

    def kernel(self, channels_last: bool, row_stride: int) -> Kernel:
        """Return the kernel that writes samples of this array; see `batch_gather`.

        Parameters
        ----------
        channels_last : whether the first axis of a sample comes last in memory
        row_stride : the distance between two samples in memory, in elements
        """
        channels = self.shape[0] if channels_last or len(self.scales) > 1 else 1
        pixels = math.prod(self.shape) // channels
        if not self.scales:
            return batch_gather.gather_words(channels, pixels, row_stride, channels_last)
        return batch_gather.gather_bytes(
            (channels, pixels), row_stride, channels_last, self.scales, self.shifts
        )

    def gather(self, rows: Array, batch: Array) -> None:
        """Write samples to contiguous memory (len(rows), ...)."""
        kernel = self.kernel(False, math.prod(self.shape))
        run(kernel, self.array, rows, batch, 0, len(rows))


def input_arrays(dataset: Dataset) -> tuple[SampleArray, ...]:
    """Return the inputs of a data set; floats are normalized here, bytes by the kernel."""
    first, *others = dataset.input_arrays
    plain = np.zeros(1), np.ones(1)
    return (
        first_input_array(dataset, first),
        *(_sample_array(other, *plain, _unit(other)) for other in others),
    )


def first_input_array(dataset: Dataset, samples: Array) -> SampleArray:
    """Return samples of the first input, which the data set's statistics normalize.

    Parameters
    ----------
    samples : of the data set, or changed by a transform, which may make bytes floats 0 .. 255
    """
    mean, std = np.atleast_1d(dataset.mean), np.atleast_1d(dataset.std)
    return _sample_array(samples, mean, std, _unit(dataset.input_arrays[0]))


def _unit(array: Array) -> float:
    """Return the number that becomes 1: 255 for bytes."""
    return 255.0 if array.dtype == np.uint8 else 1.0


def _sample_array(array: Array, mean: Array, std: Array, unit: float) -> SampleArray:
    channels = max(len(mean), len(std))
    if array.dtype == np.uint8 and channels <= MAX_BYTE_CHANNELS:
        scales, shifts = np.float32(1.0 / (255.0 * std)), np.float32(mean / std)
        pairs = np.broadcast_arrays(scales, shifts)
        return SampleArray(array, *(tuple(map(float, numbers)) for numbers in pairs))
    is_plain = not mean.any() and bool((std == 1.0).all())
    if array.dtype == np.int32 or (array.dtype == np.float32 and is_plain and unit == 1.0):
        return SampleArray(array)
    axes = (-1, *(1,) * (array.ndim - 2))
    normalized = (array / unit - mean.reshape(axes)) / std.reshape(axes)
    return SampleArray(np.ascontiguousarray(normalized, np.float32))
