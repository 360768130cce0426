"""DataLoader: normalized batches in a seeded order.

The order of an epoch is a pure function of seed and epoch, and what a transform draws for a sample
is one of seed, epoch and sample. So every batch can be computed from its step alone, as a rewind or
a resume needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias, overload

import numpy as np

from ..errors import CoreError
from ..ops import checks
from ..ops.base import Array
from . import dataset as indexed
from .augmentation import transformed_batch
from .collator import Collator
from .memory_dataset import Dataset
from .sample_array import SampleArray, first_input_array, input_arrays
from .sampled_loader import SampledLoader
from .sampler import Sampler
from .transform import RandomNumbers, Transform

Inputs: TypeAlias = Array | tuple[Array, ...]
"""The inputs of a batch: one array, or one for each input of the data set."""

_OF_ORDER: Final = ("batch_size", "seed", "shuffle", "drop_last", "augment")
_OF_SAMPLED: Final = ("sampler", "transform", "collator", "num_workers")


class DataLoader:
    """Batches of a data set in memory.

    For a data set by index, a `dataset.Dataset`, this makes a `SampledLoader` instead, whose
    batches a sampler orders: ``DataLoader(dataset, RandomSampler(dataset, batch_size=64))``.

    Iterating gives one epoch: pairs of inputs and targets. The next iteration gives the next epoch.
    Inputs are float32 or int32 (B, ...), or a tuple of such arrays if the data set has several:
    bytes are scaled and normalized as ``(x / 255 - mean) / std``, floats as ``(x - mean) / std``,
    whole numbers are copied. Of several inputs the statistics are the first one's: of the others,
    bytes become ``x / 255``, and floats are copied. Targets are int32 or float32 (B, ...); the
    inputs of a data set without targets are its targets.

    Parameters
    ----------
    dataset : source of the samples
    batch_size : B, 1 or more
    seed : 0 or more
    shuffle : use a different order in each epoch; else the order of the data set
    drop_last : leave out the last batch of an epoch if it has fewer than B samples
    augment : apply the data set's transform to the samples of a batch; default: as ``shuffle``,
        so that a loader for evaluation does not

    Attributes
    ----------
    epoch : epoch of the next iteration; may be set
    augments : whether the samples of a batch are transformed

    Raises
    ------
    CoreError : there is no data set, the batch size or seed is not allowed, or with ``drop_last``
        there is no whole batch
    """

    @overload
    def __new__(
        cls,
        dataset: Dataset,
        batch_size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        augment: bool | None = None,
    ) -> DataLoader: ...

    @overload
    def __new__(
        cls,
        dataset: indexed.Dataset,
        sampler: Sampler | None = None,
        transform: Transform | None = None,
        collator: Collator | None = None,
        num_workers: int = 0,
        timeout: int = 0,
        preload: bool = False,
        parallel_stream: bool = False,
    ) -> SampledLoader: ...

    def __new__(cls, dataset: Any, *args: Any, **options: Any) -> DataLoader | SampledLoader:
        """Make the loader for the kind of data set."""
        by_index = isinstance(dataset, indexed.Dataset)
        wrong = [name for name in (_OF_ORDER if by_index else _OF_SAMPLED) if name in options]
        if by_index and wrong:
            raise CoreError(
                f"the sampler of a data set by index decides {wrong[0]}: give "
                "sampler=RandomSampler(dataset, batch_size=...)"
            )
        if isinstance(dataset, Dataset) and (wrong or (args and isinstance(args[0], Sampler))):
            raise CoreError(
                f"a data set in memory takes no {wrong[0] if wrong else 'sampler'}: the loader "
                "orders its samples by seed and epoch, and Dataset takes the transform"
            )
        return SampledLoader(dataset, *args, **options) if by_index else super().__new__(cls)

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 64,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = False,
        augment: bool | None = None,
    ) -> None:
        if not isinstance(dataset, Dataset):
            raise CoreError(f"a loader takes a Dataset, but was given {type(dataset).__name__}")
        batch_size = _integer("batch_size", batch_size, 1)
        seed = _integer("seed", seed, 0)
        if drop_last and batch_size > len(dataset):
            raise CoreError(f"{len(dataset)} samples make no whole batch of {batch_size}")
        self.dataset = dataset
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.epoch = 0
        transforms = shuffle if augment is None else augment
        self.augments = transforms and dataset.transform is not None
        self._inputs = input_arrays(dataset)
        self._targets = None if dataset.targets is None else SampleArray(dataset.targets)
        self._last_order: tuple[int, Array] | None = None

    def __len__(self) -> int:
        """Return the number of steps in an epoch."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Inputs, Array]]:
        first = self.epoch * len(self)
        self.epoch += 1
        return (self.batch(step) for step in range(first, first + len(self)))

    @property
    def arrays(self) -> tuple[tuple[SampleArray, ...], SampleArray | None]:
        """The inputs and the targets of all samples; no targets where the inputs are these.

        They are as the data set has them, without its transform.
        """
        return self._inputs, self._targets

    def epoch_order(self, epoch: int) -> Array:
        """Return the order of an epoch's samples: int64 (N,), a permutation, read-only.

        It sorts the raw words of a Philox generator whose key is seed and epoch. NumPy guarantees
        the raw words for all versions, and not the result of ``Generator.permutation``.
        """
        epoch = _integer("epoch", epoch, 0)
        last = self._last_order  # read once: another thread may replace it
        if last is None or last[0] != epoch:
            last = self._last_order = (epoch, self._compute_order(epoch))
        return last[1]

    def batch_indices(self, step: int) -> Array:
        """Return the indices of the samples in the batch of a global step: int64 (B,)."""
        step = _integer("step", step, 0)
        epoch, position = divmod(step, len(self))
        start = position * self.batch_size
        return self.epoch_order(epoch)[start : start + self.batch_size]

    def batch(self, step: int) -> tuple[Inputs, Array]:
        """Return the batch of a global step, counted from 0 through all epochs.

        Returns
        -------
        inputs : see the class
        targets : int32 or float32 (B, ...)
        """
        rows = self.batch_indices(step)
        return self._gather(rows, self._augmented(step, rows))

    def samples(self, indices: Array) -> tuple[Inputs, Array]:
        """Return samples of the data set, normalized as in a batch, and not transformed.

        Parameters
        ----------
        indices : whole numbers (B,)

        Raises
        ------
        IndexError : there is no such sample, or the indices do not have one axis
        """
        selected = np.arange(len(self.dataset), dtype=np.int64)[indices]
        if selected.ndim != 1:
            raise IndexError(f"rows have one axis, but these give the shape {selected.shape}")
        return self._gather(selected)

    def fill(self, step: int, inputs: Sequence[Array], targets: Array | None) -> int:
        """Write the batch of a global step to the caller's arrays.

        Parameters
        ----------
        inputs : memory for each input, (B or more, ...), in any memory order; rows after the batch
            are not changed
        targets : likewise; None for a data set whose inputs are its targets

        Returns
        -------
        The number of samples in this batch.

        Raises
        ------
        CoreError : the memory is too small, of another shape or dtype, or not to be written to
        """
        rows = self.batch_indices(step)
        pairs = list(zip(self._inputs, inputs, strict=True))
        names = ["inputs"] * len(pairs)
        if self._targets is not None and targets is not None:
            pairs.append((self._targets, targets))
            names.append("targets")
        for name, (source, memory) in zip(names, pairs, strict=True):
            _check_memory(name, memory, source.dtype, (len(rows), *source.shape))
        augmented = self._augmented(step, rows)
        for place, (source, memory) in enumerate(pairs):
            if place == 0 and augmented is not None:
                memory[: len(rows)] = augmented
            else:
                _fill(source, rows, memory[: len(rows)])
        return len(rows)

    def _augmented(self, step: int, rows: Array) -> Array | None:
        """Return the transformed samples of the first input; None if they are not transformed."""
        transform = self.dataset.transform
        if transform is None or not self.augments:
            return None
        epoch = step // len(self)
        numbers = [RandomNumbers(self.seed, epoch, row) for row in rows.tolist()]
        samples = transformed_batch(transform, self.dataset.input_arrays[0][rows], numbers)
        return _gather(first_input_array(self.dataset, samples), np.arange(len(rows)))

    def _gather(self, rows: Array, augmented: Array | None = None) -> tuple[Inputs, Array]:
        batch = tuple(
            _gather(source, rows) if augmented is None or place else augmented
            for place, source in enumerate(self._inputs)
        )
        targets = batch[0] if self._targets is None else _gather(self._targets, rows)
        return (batch if isinstance(self.dataset.inputs, tuple) else batch[0]), targets

    def _compute_order(self, epoch: int) -> Array:
        if self.shuffle:
            key = np.array([self.seed, epoch], np.uint64)
            words = np.random.Philox(key=key).random_raw(len(self.dataset))
            order = np.argsort(words, kind="stable")
        else:
            order = np.arange(len(self.dataset))
        order.flags.writeable = False
        return order


def _gather(source: SampleArray, rows: Array) -> Array:
    batch = np.empty((len(rows), *source.shape), source.dtype)
    source.gather(rows, batch)
    return batch


def _fill(source: SampleArray, rows: Array, memory: Array) -> None:
    if memory.flags.c_contiguous:
        source.gather(rows, memory)
    else:  # such as channels last
        memory[...] = _gather(source, rows)


def _check_memory(name: str, array: Array, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Check the memory for a batch, because kernels do not check where it ends."""
    fits = array.shape[1:] == shape[1:] and array.ndim == len(shape) and len(array) >= shape[0]
    if array.dtype != dtype or not fits:
        raise CoreError(
            f"the memory for {name} must be {dtype}, {shape} or longer, but is "
            f"{array.dtype} {array.shape}"
        )
    if not array.flags.writeable:
        raise CoreError(f"the memory for {name} is read-only")


def _integer(name: str, value: Any, minimum: int) -> int:
    if not checks.is_whole(value) or not minimum <= value < 1 << 63:
        raise CoreError(f"{name} must be an integer, {minimum} or more, but is {value!r}")
    return int(value)
