"""Samplers: which samples make a batch, in which order."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import CoreError, UnknownTypeError
from ..ops import checks
from ..random import generator


class Sampler(ABC):
    """Yields lists of indices, one for each batch."""

    @abstractmethod
    def __iter__(self) -> Iterator[Any]:
        """Iterate over the batches."""


class MapSampler(Sampler):
    """The batches of an epoch, from the order that `sample` returns.

    Parameters
    ----------
    dataset : has a length
    batch_size : indices in a batch, 1 or more
    drop_last : leave out the last batch if it has fewer
    num_samples : indices in an epoch; default: as many as there are samples
    world_size, rank : 1 and 0; the core trains in one process
    seed : of the order, 0 or more; default: drawn from the core's current generator

    Attributes
    ----------
    epoch : the epoch of the next iteration; may be set

    Raises
    ------
    CoreError : an argument is not allowed
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        drop_last: bool = False,
        num_samples: int | None = None,
        world_size: int | None = None,
        rank: int | None = None,
        seed: int | None = None,
    ) -> None:
        if not hasattr(dataset, "__len__"):
            raise UnknownTypeError(
                f"a sampler takes a data set with a length, but was given {dataset!r:.60}"
            )
        if world_size not in (None, 1) or rank not in (None, 0):
            raise CoreError(
                "the core trains in one process: world_size must be 1 and rank 0, "
                f"but they are {world_size!r} and {rank!r}"
            )
        if not isinstance(drop_last, bool):
            raise CoreError(f"drop_last must be True or False, but is {drop_last!r}")
        self.dataset = dataset
        self.batch_size = _checked("batch_size", batch_size, 1)
        self.drop_last = drop_last
        self.num_samples = (
            len(dataset) if num_samples is None else _checked("num_samples", num_samples, 1)
        )
        self.seed = (
            int(generator().integers(1 << 32))
            if seed is None
            else _checked("seed", seed, 0, (1 << 32) - 1)
        )
        self.epoch = 0
        if drop_last and self.batch_size > self.num_samples:
            raise CoreError(f"{self.num_samples} samples make no whole batch of {self.batch_size}")

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        whole, rest = divmod(self.num_samples, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(self.sample())
        self.epoch += 1
        size = self.batch_size
        return (order[size * place : size * (place + 1)] for place in range(len(self)))

    @abstractmethod
    def sample(self) -> Iterable[int]:
        """Return the indices of the epoch, in order."""


class SequentialSampler(MapSampler):
    """Takes the samples in their order.

    Parameters
    ----------
    indices : the samples to take; default: all
    dataset, batch_size, drop_last, world_size, rank : see `MapSampler`
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        drop_last: bool = False,
        indices: Sequence[int] | None = None,
        world_size: int | None = None,
        rank: int | None = None,
    ) -> None:
        count = None if indices is None else len(indices)
        super().__init__(dataset, batch_size, drop_last, count, world_size, rank, seed=0)
        self.indices = indices

    def sample(self) -> Sequence[int]:
        """Return the indices of an epoch."""
        return range(self.num_samples) if self.indices is None else self.indices


class _SeededSampler(MapSampler):
    """A sampler that draws each epoch; epochs can be drawn again."""

    _drawn: tuple[int, np.random.RandomState] | None = None

    def _generator(self) -> np.random.RandomState:
        """Return the generator at the start of the present epoch.

        NumPy guarantees the numbers of a RandomState for all versions. MegEngine's samplers have
        the same.
        """
        if self._drawn is None or self._drawn[0] > self.epoch:
            self._drawn = 0, np.random.RandomState(self.seed)
        epoch, state = self._drawn
        for _ in range(epoch, self.epoch):
            self._draw(state)
        self._drawn = self.epoch, state
        current = np.random.RandomState()
        current.set_state(state.get_state())
        return current

    def sample(self) -> list[int]:
        """Return the indices of the epoch."""
        return self._draw(self._generator())

    @abstractmethod
    def _draw(self, state: np.random.RandomState) -> list[int]: ...


class RandomSampler(_SeededSampler):
    """Takes each sample once, in another order in each epoch.

    Parameters
    ----------
    indices : the samples to take; default: all
    dataset, batch_size, drop_last, world_size, rank, seed : see `MapSampler`
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        drop_last: bool = False,
        indices: Sequence[int] | None = None,
        world_size: int | None = None,
        rank: int | None = None,
        seed: int | None = None,
    ) -> None:
        count = None if indices is None else len(indices)
        super().__init__(dataset, batch_size, drop_last, count, world_size, rank, seed)
        self.indices = indices

    def _draw(self, state: np.random.RandomState) -> list[int]:
        if self.indices is None:
            return state.permutation(self.num_samples).tolist()
        return state.permutation(np.asarray(self.indices)).tolist()


class ReplacementSampler(_SeededSampler):
    """Takes samples at random; the same one may be taken again.

    Parameters
    ----------
    weights : how often each sample is taken, relative to the others; default: all equally often
    dataset, batch_size, drop_last, num_samples, world_size, rank, seed : see `MapSampler`
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        drop_last: bool = False,
        num_samples: int | None = None,
        weights: Sequence[float] | None = None,
        world_size: int | None = None,
        rank: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, batch_size, drop_last, num_samples, world_size, rank, seed)
        self.weights = None if weights is None else np.array(weights, np.float64)
        if self.weights is not None:
            fits = self.weights.shape == (len(dataset),) and np.isfinite(self.weights).all()
            if not fits or self.weights.min() < 0 or self.weights.sum() <= 0:
                raise CoreError(
                    f"weights must be {len(dataset)} numbers of at least 0, not all 0, "
                    f"but are {weights!r:.60}"
                )

    def _draw(self, state: np.random.RandomState) -> list[int]:
        if self.weights is None:
            return state.randint(0, len(self.dataset), self.num_samples).tolist()
        shares = self.weights / self.weights.sum()
        return state.choice(len(self.dataset), self.num_samples, p=shares).tolist()


class Infinite(Sampler):
    """Repeats the epochs of a sampler without end.

    Parameters
    ----------
    sampler : is iterated again after each epoch
    """

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    @property
    def seed(self) -> int:
        """The seed of the sampler that is repeated; 0 if it has none."""
        return getattr(self.sampler, "seed", 0)

    def __len__(self) -> int:
        """Return the largest length that Python allows."""
        return sys.maxsize

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield from self.sampler


def _checked(name: str, value: Any, low: int, high: int = (1 << 63) - 1) -> int:
    if not checks.is_whole(value) or not low <= value <= high:
        limits = f"{low} or more" if high >= (1 << 63) - 1 else f"{low} to {high}"
        raise CoreError(f"{name} must be an integer, {limits}, but is {value!r}")
    return int(value)
