"""The model and the data of the kept records. Headers have this file's digest: never edit it."""

import numpy as np

from tuitrain_core import functional
from tuitrain_core.data import Dataset
from tuitrain_core.module import BatchNorm1d, Dropout, Linear, Module


class Small(Module):
    """Two layers, batch norm, dropout: so a checkpoint has buffers and a random state."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = Linear(36, 8)
        self.norm = BatchNorm1d(8)
        self.drop = Dropout(0.2)
        self.head = Linear(8, 4)

    def forward(self, images):
        hidden = functional.relu(self.norm(self.fc(functional.flatten(images, 1))))
        return self.head(self.drop(hidden))


def data() -> tuple[Dataset, Dataset]:
    """Return images in which one of four rows is brighter than the noise."""
    generator = np.random.default_rng(0)

    def part(count: int) -> Dataset:
        labels = generator.integers(0, 4, count)
        images = generator.integers(0, 200, (count, 1, 6, 6), np.uint8)
        images[np.arange(count), 0, labels, :] += 40
        return Dataset(images, labels)

    return part(300), part(100)
