"""Data sets by index: anything with a length and samples by number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ...errors import DataError, IndexRangeError


class Dataset(ABC):
    """Samples by their number, for a loader with a sampler. Subclasses define both methods."""

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """Return a sample, in most cases a tuple such as (image, label)."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of samples."""


class ArrayDataset(Dataset):
    """Samples from arrays: a tuple with the entry of each array.

    Parameters
    ----------
    arrays : of the same length

    Raises
    ------
    DataError : there is none, or their lengths differ
    """

    def __init__(self, *arrays: Any) -> None:
        super().__init__()
        if not arrays:
            raise DataError("a data set needs at least one array, but was given none")
        lengths = [len(array) for array in arrays]
        if len(set(lengths)) > 1:
            raise DataError(f"all arrays need the same length, but have {lengths}")
        self.arrays = arrays

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def __len__(self) -> int:
        return len(self.arrays[0])


class ConcatDataset(Dataset):
    """The samples of several data sets, one after the other.

    Parameters
    ----------
    datasets : in order
    """

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        super().__init__()
        self.datasets = list(datasets)

    def __getitem__(self, index: int) -> Any:
        count = len(self)
        place = index + count if index < 0 else index
        if not 0 <= place < count:
            raise IndexRangeError(f"sample {index} is out of range; there are {count}")
        for dataset in self.datasets:
            if place < len(dataset):
                return dataset[place]
            place -= len(dataset)
        raise AssertionError

    def __len__(self) -> int:
        return sum(map(len, self.datasets))
