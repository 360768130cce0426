"""Data sets, samplers, transforms, and the loaders of batches."""

from . import dataset, transform
from .box_files import alice, penguins
from .collator import Collator
from .idx import read_idx, write_idx
from .loader import DataLoader, Inputs
from .made_by_formula import spirals, waves
from .memory_dataset import Dataset
from .mnist import find_idx_files, load_idx_folder, mnist_mini
from .sampled_loader import SampledLoader
from .sampler import (
    Infinite,
    MapSampler,
    RandomSampler,
    ReplacementSampler,
    Sampler,
    SequentialSampler,
)

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
    "find_idx_files",
    "load_idx_folder",
    "mnist_mini",
    "penguins",
    "read_idx",
    "spirals",
    "transform",
    "waves",
    "write_idx",
]
