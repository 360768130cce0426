"""MNIST: the digits in the package, and folders of the four standard files."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..ops.base import Array
from .idx import read_idx
from .memory_dataset import Dataset

IMAGES_PATTERN, LABELS_PATTERN = "images{}idx3-ubyte", "labels{}idx1-ubyte"
CLASSES, MEAN, STD = 10, 0.1307, 0.3081
"""Of MNIST: classes, and the statistics of the training pixels, scaled to 0 .. 1."""

_SEPARATORS = ("-", ".")
_ENDINGS = ("", ".gz")


@functools.cache
def mnist_mini() -> tuple[Dataset, Dataset]:
    """Return MNIST's first 10 000 training and first 2 000 test digits, which are in the package.

    Returns
    -------
    train, test : images (N, 1, 28, 28), 10 classes
    """
    return load_idx_folder(Path(__file__).with_name("mnist_mini"))


def load_idx_folder(path: str | os.PathLike[str]) -> tuple[Dataset, Dataset]:
    """Read MNIST, or data in its format, from a folder.

    The files are ``train-images``, ``train-labels``, ``t10k-images`` and ``t10k-labels``, followed
    by ``-idx3-ubyte`` or ``.idx3-ubyte`` (labels: idx1), plain or with ``.gz``. The first of these
    that exists is read.

    Returns
    -------
    train, test : images (N, 1, H, W), or (N, C, H, W) if the files have four axes; 10 classes,
        normalized as MNIST

    Raises
    ------
    DataError : a file is missing (lists the expected and the present names), malformed, or does not
        fit the others
    """
    folder = Path(path)
    return _read_pair(*_files(folder, "train")), _read_pair(*_files(folder, "t10k"))


def find_idx_files(path: str | os.PathLike[str]) -> tuple[tuple[Path, Path], tuple[Path, Path]]:
    """Return the paths of the files that `load_idx_folder` reads, without reading them.

    Returns
    -------
    train, test : the paths of images and labels

    Raises
    ------
    DataError : a file is missing (lists the expected and the present names)
    """
    folder = Path(path)
    return _files(folder, "train"), _files(folder, "t10k")


def _files(folder: Path, part: str) -> tuple[Path, Path]:
    return _find(folder, part, IMAGES_PATTERN), _find(folder, part, LABELS_PATTERN)


def _read_pair(images_path: Path, labels_path: Path) -> Dataset:
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim not in (3, 4):
        raise DataError(
            f"{images_path}: expected images (N, H, W) or (N, C, H, W), found shape {images.shape}"
        )
    try:
        return Dataset(_with_channel(images), labels, CLASSES, MEAN, STD)
    except DataError as error:
        raise DataError(f"{images_path} and {labels_path.name}: {error}") from error


def _with_channel(images: Array) -> Array:
    return images if images.ndim == 4 else images[:, np.newaxis]


def _find(folder: Path, part: str, pattern: str) -> Path:
    names = [
        f"{part}-{pattern.format(separator)}{ending}"
        for separator in _SEPARATORS
        for ending in _ENDINGS
    ]
    try:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    except (OSError, ValueError) as error:  # no permission, or a name that no file can have
        raise DataError(f"{folder!s:.80}: cannot be read: {error}") from error
    raise DataError(f"{folder}: looked for {', '.join(names)}; {_content(folder)}")


def _content(folder: Path) -> str:
    if not folder.is_dir():
        return "there is no such folder"
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        return f"the folder cannot be listed: {error.strerror}"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"the folder holds {', '.join(names[:12]) or 'nothing'}{more}"
