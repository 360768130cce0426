"""Dataset: images with labels, validated and read-only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DataError
from ..ops import checks
from ..ops.base import Array


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with one label each. The arrays are read-only; writable memory is copied.

    Parameters
    ----------
    images : uint8 (N, C, H, W), no size 0; C is 1 for grey, 3 for color
    labels : integers (N,) within 0 .. classes - 1; stored as int32
    classes : number of classes, 1 or more
    mean, std : of the training images' pixels, over all channels, scaled to 0 .. 1; a loader
        normalizes with them; default: MNIST's

    Raises
    ------
    DataError : the arrays do not fit together, a label is out of range, or a number is not allowed
    """

    images: Array
    labels: Array
    classes: int = 10
    mean: float = 0.1307
    std: float = 0.3081

    def __post_init__(self) -> None:
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        _check_images(images)
        _check_labels(labels, len(images), self.classes)
        if not checks.is_finite(self.std) or self.std <= 0:
            raise DataError(f"std must be a finite number above 0, but is {self.std!r}")
        if not checks.is_finite(self.mean):
            raise DataError(f"mean must be a finite number, but is {self.mean!r}")
        object.__setattr__(self, "images", _frozen(images))
        object.__setattr__(self, "labels", _frozen(labels.astype(np.int32)))

    def __len__(self) -> int:
        return len(self.labels)


def _check_images(images: Array) -> None:
    if images.dtype != np.uint8 or images.ndim != 4:
        raise DataError(f"images must be uint8 (N, C, H, W), but are {images.dtype} {images.shape}")
    if images.size == 0:
        raise DataError(f"a data set needs at least one image and pixel, but has {images.shape}")


def _check_labels(labels: Array, count: int, classes: int) -> None:
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise DataError(
            f"{count} images need {count} integer labels, but got {labels.dtype} {labels.shape}"
        )
    if not checks.is_whole(classes) or classes < 1:
        raise DataError(f"classes must be an integer, 1 or more, but is {classes!r}")
    if classes > 1 << 31:
        raise DataError(f"labels are kept as int32, which has no room for {classes} classes")
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        raise DataError(
            f"labels must be within 0 .. {classes - 1}, but label {wrong[0]} is "
            f"{labels[wrong[0]]} ({wrong.size} are out of range)"
        )


def _frozen(array: Array) -> Array:
    """Return the array contiguous and read-only; writable memory is copied."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    writeable = array.flags.writeable or owner.flags.writeable
    result = np.array(array, order="C") if writeable else np.ascontiguousarray(array)
    result.flags.writeable = False
    return result
