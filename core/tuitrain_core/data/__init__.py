"""Data sets: the IDX reader, the digits that come along, and the loader."""

from .dataset import Dataset
from .idx import read_idx, write_idx
from .loader import DataLoader
from .mnist import idx_files, idx_folder, mnist_mini

__all__ = [
    "DataLoader",
    "Dataset",
    "idx_files",
    "idx_folder",
    "mnist_mini",
    "read_idx",
    "write_idx",
]
