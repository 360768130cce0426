"""MNIST and CIFAR-10 from files in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...ops.base import Array
from ..idx import read_idx
from ..mnist import find_idx_files
from .base import ArrayDataset

CIFAR_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST = ("test_batch.bin",)
"""The files of CIFAR-10's binary version."""

_PIXELS = 3 * 32 * 32


class MNIST(ArrayDataset):
    """The digits of MNIST: pictures uint8 (28, 28, 1) and labels int32.

    Parameters
    ----------
    root : the folder of the four files; see `load_idx_folder`
    train : the training set, or the test set
    download, timeout : have no effect; nothing is downloaded

    Raises
    ------
    DataError : a file is missing, malformed, or does not fit the other
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        download: bool = True,
        timeout: int = 500,
    ) -> None:
        del download, timeout
        paths = find_idx_files(_checked_root("MNIST", root))[0 if train else 1]
        images, labels = map(read_idx, paths)
        if images.ndim != 3 or labels.ndim != 1:
            raise DataError(
                f"{paths[0]}: expected pictures (N, H, W) and labels (N,), "
                f"found {images.shape} and {labels.shape}"
            )
        super().__init__(images[..., np.newaxis], labels.astype(np.int32))
        self.root, self.train = root, train


class CIFAR10(ArrayDataset):
    """The pictures of CIFAR-10: uint8 (32, 32, 3), channels blue, green, red; labels int32.

    Parameters
    ----------
    root : the folder of the files of the binary version, or one with ``cifar-10-batches-bin``
    train : the training set, or the test set
    download, timeout : have no effect; nothing is downloaded

    Raises
    ------
    DataError : a file is missing or malformed, or the files are the pickled version
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        download: bool = True,
        timeout: int = 500,
    ) -> None:
        del download, timeout
        images, labels = read_cifar10(_checked_root("CIFAR10", root), train)
        super().__init__(np.ascontiguousarray(images.transpose(0, 2, 3, 1)[..., ::-1]), labels)
        self.root, self.train = root, train


def read_cifar10(path: str | os.PathLike[str], train: bool = True) -> tuple[Array, Array]:
    """Read CIFAR-10's binary version from a folder.

    Each record is one byte for the label and 3072 for the pixels: red, green, blue, row by row.
    https://www.cs.toronto.edu/~kriz/cifar.html

    Parameters
    ----------
    path : the folder of the files, or one with the folder ``cifar-10-batches-bin``
    train : the five files of the training set, or the one of the test set

    Returns
    -------
    images, labels : uint8 (N, 3, 32, 32), channels red, green, blue; int32 (N,)

    Raises
    ------
    DataError : a file is missing or malformed, or the files are the pickled version
    """
    folder = Path(path)
    names = CIFAR_TRAIN if train else CIFAR_TEST
    for place in (folder, folder / "cifar-10-batches-bin"):
        if (place / names[0]).is_file():
            records = np.concatenate([_read_records(place / name) for name in names])
            images = records[:, 1:].reshape(-1, 3, 32, 32)
            return np.ascontiguousarray(images), records[:, 0].astype(np.int32)
    raise DataError(_missing(folder, names))


def _read_records(path: Path) -> Array:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    size = 1 + _PIXELS
    if not content or len(content) % size:
        raise DataError(f"{path}: expected records of {size} bytes, found {len(content)} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, size)
    if records[:, 0].max() > 9:
        raise DataError(f"{path}: labels must be 0 to 9, but one is {records[:, 0].max()}")
    return records


def _missing(folder: Path, names: tuple[str, ...]) -> str:
    pickled = [
        path
        for place in (folder, folder / "cifar-10-batches-py")
        for path in (place / names[0].removesuffix(".bin"), place / "cifar-10-python.tar.gz")
        if path.exists()
    ]
    if pickled:
        return (
            f"{pickled[0]} is pickled, and reading a pickle can run any program; use the binary "
            "version, cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html"
        )
    return (
        f"{folder}: looked for {', '.join(names)}, the binary version of CIFAR-10, here and in "
        "cifar-10-batches-bin"
    )


def _checked_root(name: str, root: str | os.PathLike[str] | None) -> Path:
    if root is None:
        raise DataError(f"{name} needs the folder of its files as root; nothing is downloaded")
    return Path(root)
