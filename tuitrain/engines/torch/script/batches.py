# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The batches of a script's loader as a function of the step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from tuitrain.errors import RefusedError, StateMismatchError

from ..rng import ProcessRandom, generator_text, text_generator


class Batches:
    """Gives the batches of a loader; after a jump, those of another step.

    An epoch's order is drawn when its first batch is fetched. The state of the generators before
    that is part of the state of every step of the epoch, so that its order can be drawn again. The
    batches before the step are skipped by their indices, and not loaded.

    Parameters
    ----------
    loader : a DataLoader, or another iterable with a length that gives its batches each time
    accumulate : batches of a step, whose gradients a script adds up
    sets_epoch : whether a sampler with ``set_epoch``, such as torch's for several processes, is
        given the number of each epoch, as a loop of epochs would do

    Attributes
    ----------
    per_epoch : batches in an epoch
    skipped : batches whose step was skipped, because a scaled gradient overflowed
    latest : the batch fetched last, and its step; None before, and after a jump

    Raises
    ------
    RefusedError : the loader has no length
    """

    def __init__(self, loader: Any, accumulate: int = 1, sets_epoch: bool = False) -> None:
        self.accumulate, self.skipped = accumulate, 0
        self._sets_epoch = sets_epoch
        try:
            self.per_epoch = len(loader)
        except TypeError:
            raise RefusedError(
                f"run.batches needs a loader with a length, but {type(loader).__name__} has none; "
                "without run.batches the loop can be steered, and not go back"
            ) from None
        if self.per_epoch < 1:
            raise RefusedError("run.batches takes a loader with at least one batch")
        self._loader = loader
        self._iterator: Iterator[Any] | None = None
        self._process = ProcessRandom()
        self._begun: Mapping[str, Any] = {}
        self._begun_epoch = -1
        self._position = 0
        self.latest: tuple[int, Any] | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, as the data sets of torchvision have them; () without any."""
        dataset = getattr(self._loader, "dataset", None)
        while not hasattr(dataset, "classes") and hasattr(dataset, "dataset"):
            dataset = getattr(dataset, "dataset", None)  # a part of another one
        names = getattr(dataset, "classes", None)
        return tuple(map(str, names)) if isinstance(names, list | tuple) else ()

    @property
    def batch_size(self) -> int:
        """Samples in a full batch; 1 if the loader does not say."""
        return getattr(self._loader, "batch_size", None) or 1

    @property
    def samples(self) -> int:
        """Samples in an epoch, as far as the loader says."""
        dataset = getattr(self._loader, "dataset", None)
        try:
            return len(dataset)  # type: ignore[arg-type]
        except TypeError:
            return self.per_epoch * self.batch_size

    def skip(self) -> None:
        """Note that a scaler has skipped a step, whose batches are not given again."""
        self.skipped += self.accumulate

    def batch(self, step: int, part: int = 0) -> Any:
        """Return the batch of a step, or one of its batches if it has several."""
        index = self._index(step) + part
        epoch_position = index % self.per_epoch
        if epoch_position == 0:
            self._iterator = None
        if self._iterator is None or epoch_position != self._position:
            self._iterator = self._start(index // self.per_epoch, epoch_position)
        self._position = epoch_position + 1
        batch = next(self._iterator)
        self.latest = step, batch
        return batch

    def jump(self) -> None:
        """Note that another step follows."""
        self._iterator = self.latest = None

    def capture(self, step: int) -> Mapping[str, Any]:
        """Return what the order of the epoch of a step depends on, as plain values."""
        is_begun = self._index(step) // self.per_epoch == self._begun_epoch
        return {**(self._begun if is_begun else self._now()), "skipped": self.skipped}

    def restore(self, saved: Mapping[str, Any], step: int) -> None:
        """Draw the order of the epoch from a captured state.

        Raises
        ------
        StateMismatchError : it is not such a state
        """
        try:
            pairs = list(zip(self._generators(), saved["generators"], strict=True))
            int(saved["skipped"])
            states = [(generator, text_generator(text)) for generator, text in pairs]
            for generator, state in states:
                generator.set_state(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise StateMismatchError(f"no state of a loader: {error}") from None
        self.skipped = int(saved["skipped"])
        self._begun, self._begun_epoch = saved, self._index(step) // self.per_epoch
        self._iterator = None

    def _index(self, step: int) -> int:
        """Return the number of the first batch of a step."""
        return step * self.accumulate + self.skipped

    def _start(self, epoch: int, position: int) -> Iterator[Any]:
        """Return an iterator over the rest of an epoch."""
        if self._sets_epoch:
            for owner in self._owners():
                if callable(set_epoch := getattr(owner, "set_epoch", None)):
                    set_epoch(epoch)
        if position == 0:
            self._begun, self._begun_epoch = self._now(), epoch
            return iter(self._loader)
        now = self._process.capture()
        self._process.restore(self._begun["process"])
        for generator, text in zip(self._generators(), self._begun["generators"], strict=True):
            generator.set_state(text_generator(text))
        rest = _skip(self._loader, position)
        self._process.restore(now)
        return rest

    def _now(self) -> Mapping[str, Any]:
        return {
            "process": self._process.capture(),
            "generators": [generator_text(item) for item in self._generators()],
        }

    def _generators(self) -> list[torch.Generator]:
        """Return the generators that the loader and its samplers were given, each once."""
        generators = {
            id(generator): generator
            for owner in self._owners()
            if isinstance(generator := getattr(owner, "generator", None), torch.Generator)
        }
        return list(generators.values())

    def _owners(self) -> tuple[Any, ...]:
        """Return the loader and its samplers."""
        batch_sampler = getattr(self._loader, "batch_sampler", None)
        return (
            self._loader,
            getattr(self._loader, "sampler", None),
            batch_sampler,
            getattr(batch_sampler, "sampler", None),
        )


def _skip(loader: Any, count: int) -> Iterator[Any]:
    """Return an iterator over an epoch without its first batches."""
    if type(loader) is not DataLoader or isinstance(loader.dataset, IterableDataset):
        rest = iter(loader)
        for _ in islice(rest, count):
            pass
        return rest
    skipping = _SkippedIndices(loader.batch_sampler or loader.sampler, count)
    options = {
        name: getattr(loader, name)
        for name in ("num_workers", "collate_fn", "pin_memory", "timeout", "worker_init_fn")
    } | {"multiprocessing_context": loader.multiprocessing_context, "generator": loader.generator}
    if loader.num_workers:
        options["prefetch_factor"] = loader.prefetch_factor
    if loader.batch_sampler is None:
        rest = iter(DataLoader(loader.dataset, batch_size=None, sampler=skipping, **options))  # type: ignore[arg-type]
    else:
        rest = iter(DataLoader(loader.dataset, batch_sampler=skipping, **options))  # type: ignore[arg-type]
    skipping.skip()
    return rest


class _SkippedIndices:
    """The batches of indices of an epoch without the first ones.

    The sampler draws the order of the epoch when its first indices are taken; `skip` does that
    while the generators are in the state of the epoch's start.
    """

    def __init__(self, sampler: Any, count: int) -> None:
        self._sampler, self._count = sampler, count
        self._rest: Iterator[Any] | None = None

    def skip(self) -> None:
        """Take the first indices."""
        if self._rest is None:
            self._rest = iter(self._sampler)
            for _ in islice(self._rest, self._count):
                pass

    def __iter__(self) -> Iterator[Any]:
        # With workers the loader asks while it is made, and in time.
        self.skip()
        while self._rest is not None:
            try:
                yield next(self._rest)
            except StopIteration:
                return

    def __len__(self) -> int:
        return len(self._sampler) - self._count
