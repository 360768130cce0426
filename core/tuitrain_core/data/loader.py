"""DataLoader: normalized batches in a seeded order.

The order of an epoch is a pure function of seed and epoch. So every batch can be computed from its
step alone, as a rewind or a resume needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import CoreError
from ..native.runtime import batch_gather
from ..native.runtime.library import run
from ..ops import checks
from ..ops.base import Array
from .dataset import Dataset


class DataLoader:
    """Batches of a data set.

    Iterating gives one epoch: pairs of images, float32 (B, C, H, W), normalized as
    ``(x / 255 - mean) / std``, and labels, int32 (B,). The next iteration gives the next epoch.

    Parameters
    ----------
    dataset : source of the samples
    batch_size : B, 1 or more
    seed : 0 or more
    shuffle : use a different order in each epoch; else the order of the data set
    drop_last : leave out the last batch of an epoch if it has fewer than B images

    Attributes
    ----------
    epoch : epoch of the next iteration; may be set

    Raises
    ------
    CoreError : there is no data set, the batch size or seed is not allowed, or with ``drop_last``
        there is no whole batch
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> None:
        if not isinstance(dataset, Dataset):
            raise CoreError(f"a loader takes a Dataset, but was given {type(dataset).__name__}")
        batch_size = _integer("batch_size", batch_size, 1)
        seed = _integer("seed", seed, 0)
        if drop_last and batch_size > len(dataset):
            raise CoreError(f"{len(dataset)} images make no whole batch of {batch_size}")
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.epoch = 0
        self._scale = np.float32(1.0 / (255.0 * dataset.std))
        self._shift = np.float32(dataset.mean / dataset.std)
        self._last_order: tuple[int, Array] | None = None

    def __len__(self) -> int:
        """Return the number of steps in an epoch."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        first = self.epoch * len(self)
        self.epoch += 1
        return (self.batch(step) for step in range(first, first + len(self)))

    def epoch_order(self, epoch: int) -> Array:
        """Return the order of an epoch's images: int64 (N,), a permutation, read-only.

        It sorts the raw words of a Philox generator whose key is seed and epoch. NumPy guarantees
        the raw words for all versions, and not the result of ``Generator.permutation``.
        """
        epoch = _integer("epoch", epoch, 0)
        last = self._last_order  # read once: another thread may replace it
        if last is None or last[0] != epoch:
            last = self._last_order = (epoch, self._compute_order(epoch))
        return last[1]

    def batch_indices(self, step: int) -> Array:
        """Return the indices of the images in the batch of a global step: int64 (B,)."""
        step = _integer("step", step, 0)
        epoch, position = divmod(step, len(self))
        start = position * self.batch_size
        return self.epoch_order(epoch)[start : start + self.batch_size]

    def batch(self, step: int) -> tuple[Array, Array]:
        """Return the batch of a global step, counted from 0 through all epochs.

        Returns
        -------
        images : float32 (B, C, H, W)
        labels : int32 (B,)
        """
        count = len(self.batch_indices(step))
        images = np.empty((count, *self.dataset.images.shape[1:]), np.float32)
        labels = np.empty(count, np.int32)
        self.fill(step, images, labels)
        return images, labels

    def samples(self, indices: Array) -> tuple[Array, Array]:
        """Return samples of the data set, normalized as in a batch.

        Parameters
        ----------
        indices : whole numbers (B,)

        Raises
        ------
        IndexError : there is no such sample, or the indices do not have one axis
        """
        chosen = np.arange(len(self.dataset), dtype=np.int64)[indices]
        if chosen.ndim != 1:
            raise IndexError(f"rows have one axis, but these give the shape {chosen.shape}")
        images = np.empty((len(chosen), *self.dataset.images.shape[1:]), np.float32)
        labels = np.empty(len(chosen), np.int32)
        self._gather(chosen, images, labels)
        return images, labels

    @property
    def scaling(self) -> tuple[float, float]:
        """The float32 numbers a and b of ``x * a - b``, which normalizes a pixel's byte."""
        return float(self._scale), float(self._shift)

    def fill(self, step: int, images: Array, labels: Array) -> int:
        """Write the batch of a global step to the caller's arrays.

        Parameters
        ----------
        images : float32 (B or more, C, H, W), in any memory order; rows after the batch are not
            changed
        labels : int32, C-contiguous, likewise

        Returns
        -------
        The number of images in this batch.

        Raises
        ------
        CoreError : the memory is too small, of another shape or dtype, or not to be written to
        """
        rows = self.batch_indices(step)
        count = len(rows)
        _check_memory("images", images, np.float32, (count, *self.dataset.images.shape[1:]))
        _check_memory("labels", labels, np.int32, (count,))
        if not labels.flags.c_contiguous:
            raise CoreError("the memory for labels must be contiguous, but has gaps")
        target = images[:count]
        if target.flags.c_contiguous:
            self._gather(rows, target, labels)
        else:  # such as channels last
            flat = np.empty(target.shape, np.float32)
            self._gather(rows, flat, labels)
            target[...] = flat
        return count

    def _gather(self, rows: Array, images: Array, labels: Array) -> None:
        """Write samples to contiguous memory."""
        data = self.dataset
        kernel = batch_gather.gather_batch(1, math.prod(data.images.shape[1:]), *self.scaling)
        run(kernel, data.images, data.labels, rows, images, labels, 0, len(rows))

    def _compute_order(self, epoch: int) -> Array:
        if self.shuffle:
            key = np.array([self.seed, epoch], np.uint64)
            words = np.random.Philox(key=key).random_raw(len(self.dataset))
            order = np.argsort(words, kind="stable")
        else:
            order = np.arange(len(self.dataset))
        order.flags.writeable = False
        return order


def _check_memory(name: str, array: Array, dtype: type, shape: tuple[int, ...]) -> None:
    """Check the memory for a batch, because kernels do not check where it ends."""
    fits = array.shape[1:] == shape[1:] and array.ndim == len(shape) and len(array) >= shape[0]
    if array.dtype != dtype or not fits:
        raise CoreError(
            f"the memory for {name} must be {np.dtype(dtype)}, {shape} or longer, but is "
            f"{array.dtype} {array.shape}"
        )
    if not array.flags.writeable:
        raise CoreError(f"the memory for {name} is read-only")


def _integer(name: str, value: Any, minimum: int) -> int:
    if not checks.is_whole(value) or not minimum <= value < 1 << 63:
        raise CoreError(f"{name} must be an integer, {minimum} or more, but is {value!r}")
    return int(value)
