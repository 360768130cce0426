"""Data sets from folders of images: one folder for each class.

PNG and JPEG files are decoded by Pillow, which is imported here only.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import DataError
from ..ops import checks
from ..ops.base import Array
from .memory_dataset import Dataset
from .npz_data import pixel_statistics
from .split import TEST_SHARE, check_share, split_rows

ENDINGS: Final = (".png", ".jpg", ".jpeg")
MISSING_PILLOW: Final = 'images need Pillow, which is not installed: pip install "tuitrain[images]"'
MAX_IMAGES: Final = 1_000_000
"""Files of a folder, whose names are all listed."""

MAX_CLASSES: Final = 1000
"""Folders of classes: each is an output of the network."""

MAX_SIDE: Final = 4096
"""Pixels of a side, before an image is made smaller."""

MAX_BYTES: Final = 2 << 30
"""Bytes of all images together, decoded."""

_GREY_MODES: Final = ("1", "L", "LA", "I;16", "I")


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The images of a folder.

    Attributes
    ----------
    classes : the names of the classes, sorted
    train, test : paths and class numbers; ``test`` is empty if the folder does not divide them
    """

    classes: tuple[str, ...]
    train: tuple[tuple[Path, int], ...]
    test: tuple[tuple[Path, int], ...]


def load_image_folder(
    path: str | os.PathLike[str],
    size: int | None = None,
    grey: bool = False,
    test: float = TEST_SHARE,
) -> tuple[Dataset, Dataset]:
    """Read PNG and JPEG images from a folder with one folder for each class.

    ``train/`` and ``test/`` with one folder for each class are the training set and the test set.

    Parameters
    ----------
    size : width and height that images are resized to; default: all must have one size
    grey : make color images grey; images that are all grey have one channel in any case
    test : the share of the images for testing, the same images in every run

    Returns
    -------
    train, test : uint8 (N, C, H, W) with C of 1 or 3, normalized by the mean and the standard
        deviation of the training pixels; class numbers with ``class_names``

    Raises
    ------
    DataError : Pillow is missing, the folder has no classes or images, a file cannot be decoded, or
        sizes differ; names the file
    """
    folder = Path(path)
    _check_options(size, test)
    files = find_images(folder)
    every = (*files.train, *files.test)
    shape = _common_shape([name for name, _ in every], size, grey)
    if len(every) * math.prod(shape) > MAX_BYTES:
        raise DataError(
            f"{folder}: {len(every)} images of {shape[2]} x {shape[1]} pixels are more than "
            f"{MAX_BYTES} bytes, which are read at most; size=64 makes them smaller"
        )
    images = np.empty((len(every), *shape), np.uint8)
    for place, (name, _) in enumerate(every):
        images[place] = _decode(name, shape)
    labels = np.array([number for _, number in every], np.int32)
    if files.test:
        rows = np.arange(len(files.train)), np.arange(len(files.train), len(every))
    else:
        try:
            rows = split_rows(len(every), test)
        except DataError as error:
            raise DataError(f"{folder}: {error}") from None
    mean, std = pixel_statistics(images[rows[0]])
    count = len(files.classes)
    train, tests = (
        Dataset(images[part], labels[part], count, mean, std, class_names=files.classes)
        for part in rows
    )
    return train, tests


def check_image_folder(
    path: str | os.PathLike[str],
    size: int | None = None,
    grey: bool = False,
    test: float = TEST_SHARE,
) -> None:
    """Check what `load_image_folder` would be called with, and that there are images.

    Raises
    ------
    DataError : an option is not allowed, Pillow is missing, or the folder has no classes or images
    """
    del grey
    _check_options(size, test)
    find_images(Path(path))
    _pillow()


def find_images(folder: Path) -> ImageFiles:
    """Return the classes and the images of a folder, without reading the images.

    Raises
    ------
    DataError : the folder cannot be listed, or has no classes or images
    """
    divided = {part: folder / part for part in ("train", "test") if (folder / part).is_dir()}
    if len(divided) == 1 and len(_folders(folder)) == 1:
        part = next(iter(divided))
        other = "test" if part == "train" else "train"
        raise DataError(f"{folder}: has the folder {part}, but no folder {other} beside it")
    if len(divided) < 2:
        classes = [entry.name for entry in _folders(folder)]
        files = _labeled(folder, classes)
        _check_no_class_is_empty(folder, classes, files)
        return ImageFiles(tuple(classes), files, ())
    classes = [entry.name for entry in _folders(divided["train"])]
    for entry in _folders(divided["test"]):
        if entry.name not in classes:
            raise DataError(f"{entry}: there is no class {entry.name!r} in {divided['train']}")
    files = _labeled(divided["train"], classes)
    _check_no_class_is_empty(divided["train"], classes, files)
    return ImageFiles(tuple(classes), files, _labeled(divided["test"], classes))


def read_image(path: str | os.PathLike[str]) -> Array:
    """Return an image: uint8 (C, H, W) with C of 1 or 3.

    Raises
    ------
    DataError : Pillow is missing, or the file cannot be decoded
    """
    path = Path(path)
    return _decode(path, _common_shape([path], None, False))


def read_image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return the width and the height of an image, from its header.

    Raises
    ------
    DataError : Pillow is missing, or the file is not an image
    """
    with _opened(Path(path)) as image:
        return image.size


def _labeled(folder: Path, classes: Sequence[str]) -> tuple[tuple[Path, int], ...]:
    if not classes:
        raise DataError(
            f"{folder}: has no folders; it needs one for each class, with files "
            f"{', '.join(ENDINGS)}"
        )
    if len(classes) > MAX_CLASSES:
        raise DataError(f"{folder}: has {len(classes)} folders, but {MAX_CLASSES} classes at most")
    files: list[tuple[Path, int]] = []
    for number, name in enumerate(classes):
        if (folder / name).is_dir():
            files += [(entry, number) for entry in _listed(folder / name) if _is_image(entry)]
        if len(files) > MAX_IMAGES:
            raise DataError(f"{folder}: has more than {MAX_IMAGES} images, which are read at most")
    if not files:
        raise DataError(
            f"{folder}: the folders of the classes have no {', '.join(ENDINGS)} files "
            f"(folders: {', '.join(classes[:12])})"
        )
    return tuple(files)


def _check_no_class_is_empty(
    folder: Path, classes: Sequence[str], files: Sequence[tuple[Path, int]]
) -> None:
    """Report a class without an image to train on."""
    filled = {number for _, number in files}
    empty = [name for number, name in enumerate(classes) if number not in filled]
    if empty:
        others = f" (one of {len(empty)} such folders)" if len(empty) > 1 else ""
        raise DataError(
            f"{folder / empty[0]}: has no {', '.join(ENDINGS)} files{others}; each folder is a "
            "class and needs an image; a folder whose name begins with . or _ is left out"
        )


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")


def _folders(folder: Path) -> list[Path]:
    return [entry for entry in _listed(folder) if entry.is_dir() and entry.name[0] not in "._"]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{folder!s:.200}: cannot be read: {reason}") from None


def _check_options(size: Any, test: Any) -> None:
    check_share(test)
    if size is not None and (not checks.is_whole(size) or not 1 <= size <= MAX_SIDE):
        raise DataError(f"size must be an integer within 1 .. {MAX_SIDE}, but is {size!r}")


def _common_shape(paths: Sequence[Path], size: int | None, grey: bool) -> tuple[int, int, int]:
    """Return the shape (C, H, W) of all images, from their headers."""
    first, colored = (0, 0), False
    for path in paths:
        with _opened(path) as image:
            width, height = image.size
            colored = colored or image.mode not in _GREY_MODES
        if max(width, height) > MAX_SIDE:
            raise DataError(
                f"{path}: has {width} x {height} pixels, but {MAX_SIDE} x {MAX_SIDE} are read "
                "at most"
            )
        if first == (0, 0):
            first = (width, height)
        elif size is None and first != (width, height):
            raise DataError(
                f"{path}: has {width} x {height} pixels, but {paths[0]} has "
                f"{first[0]} x {first[1]}; with size=28, all are resized to 28 x 28"
            )
    width, height = first if size is None else (size, size)
    return (1 if grey or not colored else 3), height, width


def _decode(path: Path, shape: tuple[int, int, int]) -> Array:
    """Return an image as uint8 of a shape (C, H, W)."""
    channels, height, width = shape
    with _opened(path) as image:
        converted = _eight_bits(image).convert("L" if channels == 1 else "RGB")
        if converted.size != (width, height):
            converted = converted.resize((width, height), _pillow().Resampling.BILINEAR)
        array = np.asarray(converted, np.uint8)
    return array.reshape(height, width, channels).transpose(2, 0, 1)


def _eight_bits(image: Any) -> Any:
    """Return an image whose pixels have at most 8 bits a channel."""
    if not image.mode.startswith("I"):
        return image
    pixels = np.asarray(image).astype(np.int64) >> 8
    return _pillow().fromarray(pixels.clip(0, 255).astype(np.uint8))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open an image; report what prevents its decoding."""
    pillow = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of images that are too large
            with pillow.open(path, formats=("PNG", "JPEG")) as image:
                yield image
    except DataError:
        raise
    except Exception as error:  # decoders raise many kinds of errors
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as PNG or JPEG: {reason:.200}") from None


def _pillow() -> Any:
    """Return the module ``PIL.Image``."""
    try:
        from PIL import Image
    except ImportError:
        raise DataError(MISSING_PILLOW) from None
    return Image
