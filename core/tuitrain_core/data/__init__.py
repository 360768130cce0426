"""Data sets, readers of files, samplers, transforms, and the loaders of batches."""

from typing import TYPE_CHECKING, NoReturn

from ..absent_names import absent
from . import dataset, transform
from .box_files import alice, penguins
from .collator import Collator
from .csv_data import check_csv, load_csv
from .csv_table import read_csv
from .idx import read_idx, write_idx
from .image_folder import check_image_folder, load_image_folder
from .loader import DataLoader, Inputs
from .made_by_formula import spirals, waves
from .memory_dataset import Dataset
from .mnist import find_idx_files, load_idx_folder, mnist_mini
from .npz_data import check_npz, load_npz
from .sampled_loader import SampledLoader
from .sampler import (
    Infinite,
    MapSampler,
    RandomSampler,
    ReplacementSampler,
    Sampler,
    SequentialSampler,
)
from .split import split_rows

__all__ = [
    "Collator",
    "DataLoader",
    "Dataset",
    "Infinite",
    "Inputs",
    "MapSampler",
    "RandomSampler",
    "ReplacementSampler",
    "SampledLoader",
    "Sampler",
    "SequentialSampler",
    "alice",
    "dataset",
    "check_csv",
    "check_image_folder",
    "check_npz",
    "find_idx_files",
    "load_csv",
    "load_idx_folder",
    "load_image_folder",
    "load_npz",
    "mnist_mini",
    "penguins",
    "read_csv",
    "read_idx",
    "spirals",
    "transform",
    "waves",
    "split_rows",
    "write_idx",
]


if not TYPE_CHECKING:  # which knows the names

    def __getattr__(name: str) -> NoReturn:
        raise absent(__name__, name, __all__)
