"""Data sets: IDX files, the embedded digits of MNIST, and the loader."""

from .dataset import Dataset
from .idx import read_idx, write_idx
from .loader import DataLoader, Inputs
from .mnist import find_idx_files, load_idx_folder, mnist_mini

__all__ = [
    "DataLoader",
    "Dataset",
    "Inputs",
    "find_idx_files",
    "load_idx_folder",
    "mnist_mini",
    "read_idx",
    "write_idx",
]
