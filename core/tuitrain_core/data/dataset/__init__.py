"""Data sets by index, as MegEngine has them; `tuitrain_core.data.Dataset` is the one in memory."""

from .base import ArrayDataset, ConcatDataset, Dataset
from .vision import CIFAR10, MNIST, read_cifar10

__all__ = ["CIFAR10", "MNIST", "ArrayDataset", "ConcatDataset", "Dataset", "read_cifar10"]
