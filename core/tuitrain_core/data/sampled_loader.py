"""SampledLoader: batches of any data set, in the order of a sampler."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

from ..errors import CoreError, UnknownTypeError
from ..ops import checks
from ..tensor import tensor
from .collator import Collator
from .sampler import MapSampler, Sampler, SequentialSampler
from .transform import RandomNumbers, Transform, sample_scope
from .transform.base import check_transform


class SampledLoader:
    """Batches of a data set in the order of a sampler; `DataLoader` makes it.

    Iterating gives one epoch of the sampler. A random transform draws from a generator of the
    sampler's seed, the epoch, and the sample's place in it: the batches are the same for any number
    of workers, and an epoch can be repeated by setting `epoch`.

    Parameters
    ----------
    dataset : has a length, and samples by index
    sampler : default: one sample after the other, in their order
    transform : is applied to each sample
    collator : joins samples to a batch
    num_workers : threads that prepare batches ahead; 0 prepares each when it is needed
    timeout, parallel_stream : have no effect
    preload : give tensors instead of arrays

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
        sampler: Sampler | None = None,
        transform: Transform | None = None,
        collator: Collator | None = None,
        num_workers: int = 0,
        timeout: int = 0,
        preload: bool = False,
        parallel_stream: bool = False,
    ) -> None:
        del timeout, parallel_stream
        if sampler is not None and not isinstance(sampler, Sampler):
            raise UnknownTypeError(f"a sampler is a Sampler, but was given {sampler!r:.60}")
        if transform is not None:
            check_transform(transform)
        if not checks.is_whole(num_workers) or num_workers < 0:
            raise CoreError(f"num_workers must be an integer, 0 or more, but is {num_workers!r}")
        self.dataset = dataset
        self.sampler = SequentialSampler(dataset) if sampler is None else sampler
        self.transform = transform
        self.collator = Collator() if collator is None else collator
        self.num_workers = num_workers
        self.preload = preload
        self._epoch = 0

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(cast(MapSampler, self.sampler))

    @property
    def epoch(self) -> int:
        """The epoch of the next iteration; that of the sampler if it has one."""
        return self.sampler.epoch if isinstance(self.sampler, MapSampler) else self._epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        if isinstance(self.sampler, MapSampler):
            self.sampler.epoch = epoch
        self._epoch = epoch

    def __iter__(self) -> Iterator[Any]:
        epoch = self.epoch
        self._epoch = epoch + 1
        tasks = self._tasks(iter(self.sampler), epoch)
        return self._prepare_ahead(tasks) if self.num_workers else map(self._batch, tasks)

    def _tasks(
        self, batches: Iterator[Any], epoch: int
    ) -> Iterator[tuple[Sequence[int], int, int]]:
        """Yield the indices of each batch, with the epoch and the place of its first sample."""
        place = 0
        for indices in batches:
            yield indices, epoch, place
            place += len(indices)

    def _batch(self, task: tuple[Sequence[int], int, int]) -> Any:
        indices, epoch, place = task
        samples = [
            self._sample(index, epoch, place + offset) for offset, index in enumerate(indices)
        ]
        batch = self.collator.apply(samples)
        return _as_tensors(batch) if self.preload else batch

    def _sample(self, index: int, epoch: int, place: int) -> Any:
        with sample_scope(RandomNumbers(getattr(self.sampler, "seed", 0), epoch, place)):
            sample = self.dataset[index]
            return sample if self.transform is None else self.transform.apply(sample)

    def _prepare_ahead(self, tasks: Iterator[tuple[Sequence[int], int, int]]) -> Iterator[Any]:
        """Prepare batches in threads, two for each worker ahead of the caller."""
        with ThreadPoolExecutor(self.num_workers) as pool:
            ahead: deque[Future[Any]] = deque()
            for task in itertools.islice(tasks, 2 * self.num_workers):
                ahead.append(pool.submit(self._batch, task))
            while ahead:
                batch = ahead.popleft().result()
                ahead.extend(pool.submit(self._batch, t) for t in itertools.islice(tasks, 1))
                yield batch


def _as_tensors(batch: Any) -> Any:
    if isinstance(batch, list):
        return [_as_tensors(part) for part in cast(list[Any], batch)]
    if isinstance(batch, dict):
        return {key: _as_tensors(part) for key, part in cast(dict[Any, Any], batch).items()}
    return tensor(batch) if hasattr(batch, "dtype") else batch
