"""Dataset: samples of any kind with their targets, checked once and read-only."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..errors import DataError
from ..ops import checks
from ..ops.base import Array
from .augmentation import transformed_batch
from .transform import RandomNumbers, Transform

MAX_CLASSES: Final = 1 << 31
"""Class numbers are stored as int32."""

MAX_DEFAULT_CLASSES: Final = 1000
"""More classes than this, and than there are class numbers, must be given."""

_MAX_ROUNDING: Final = 1e-2
"""The part of its standard deviation that a column may lose as float32 without a warning."""

_MIN_VARIATION: Final = 1e-12
"""A column that varies less, relative to its largest number, has the noise of float64 alone."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with their targets. The arrays are read-only; writable memory is copied.

    Parameters
    ----------
    inputs : one array (N, ...), or a tuple of them for a model with several inputs. uint8 are
        bytes, such as pixels (N, C, H, W): a loader scales them to 0 .. 1 and normalizes them.
        Floats and booleans become float32. Other integers are numbers, such as tokens (N, T);
        they become int32 and are not scaled.
    targets : integers are class numbers, one per sample (N,) or several, such as the next tokens
        (N, T). Floats and booleans (N, ...) become float32. None: the inputs are the targets, as
        an autoencoder has them.
    classes : the number of classes, 1 or more; default: one more than the largest class number, at
        most `MAX_DEFAULT_CLASSES` or as many as there are class numbers
    mean, std : a loader gives ``(x - mean) / std`` of floats and of bytes scaled to 0 .. 1: a
        number, or one for each index of the first axis of a sample (channel or feature). Default:
        0 and 1. They normalize the first of several inputs.
    class_names : the name of each class, for views
    feature_names : the name of each feature of inputs (N, F), for views
    vocabulary : the text of each token, for views
    transform : changes the samples of the first input in training, at random, before they are
        scaled and normalized; a loader gives each sample of each epoch its own random numbers.
        Pictures (C, H, W) reach it as (H, W, C). It keeps the shape of a sample, and bytes, whole
        numbers and floats as these. Evaluation does not use it.

    Raises
    ------
    DataError : the arrays do not fit together, a number is NaN or infinite, a class number is out
        of range, or another argument is not allowed
    """

    inputs: Array | tuple[Array, ...]
    targets: Array | None = None
    classes: int | None = None
    mean: float | Sequence[float] = 0.0
    std: float | Sequence[float] = 1.0
    class_names: Sequence[str] = ()
    feature_names: Sequence[str] = ()
    vocabulary: Sequence[str] = ()
    transform: Transform | None = None

    def __post_init__(self) -> None:
        several = isinstance(self.inputs, tuple)
        arrays = self.inputs if several else (self.inputs,)
        if not arrays:
            raise DataError("a data set needs at least one input, but was given none")
        names = [f"input {place}" for place in range(len(arrays))] if several else ["the input"]
        inputs = tuple(map(_checked_input, names, arrays))
        for name, array in zip(names, inputs, strict=True):
            if len(array) != len(inputs[0]):
                raise DataError(
                    f"all inputs need the same number of samples, but {names[0]} has "
                    f"{len(inputs[0])} and {name} {len(array)}"
                )
        self._set(inputs=inputs if several else inputs[0])
        self._set(mean=_statistic("mean", self.mean, inputs[0]))
        self._set(std=_statistic("std", self.std, inputs[0]))
        targets = None if self.targets is None else _checked_targets(self.targets, len(inputs[0]))
        self._set(targets=targets, classes=_checked_classes(targets, self.classes))
        for name in ("class_names", "feature_names", "vocabulary"):
            self._set(**{name: tuple(map(str, getattr(self, name)))})
        if self.transform is not None:
            transformed_batch(self.transform, inputs[0][:1], [RandomNumbers(0)])

    def __len__(self) -> int:
        return len(self.input_arrays[0])

    @property
    def input_arrays(self) -> tuple[Array, ...]:
        """The inputs, in a tuple even if there is one."""
        return self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)

    @property
    def has_class_targets(self) -> bool:
        """Whether the targets are class numbers."""
        return self.targets is not None and self.targets.dtype.kind == "i"

    @property
    def output_size(self) -> int:
        """The number of a model's outputs: one for each class, or for each number of a target.

        The targets of data without them are its inputs. For several class numbers in a sample it
        is the number of outputs for each of them.
        """
        if self.classes is not None:
            return self.classes
        targets = self.input_arrays[0] if self.targets is None else self.targets
        return math.prod(targets.shape[1:])

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _checked_input(name: str, array: Any) -> Array:
    """Return an input as uint8, float32 or int32."""
    array = _as_array(name, array)
    if array.ndim == 0 or array.size == 0:
        raise DataError(
            f"a data set needs at least one sample and one number in it, but {name} has the shape "
            f"{array.shape}"
        )
    if array.dtype == np.uint8:
        return _frozen(array)
    if array.dtype.kind in "iu":
        return _as_int32(name, array)
    return _as_float32(name, array)


def _checked_targets(targets: Any, count: int) -> Array:
    """Return the targets as int32 class numbers, or as float32."""
    array = _as_array("the targets", targets)
    if array.ndim == 0 or len(array) != count:
        raise DataError(
            f"{count} samples need {count} targets, but got {array.dtype} {array.shape}"
        )
    if array.size == 0:
        raise DataError(f"a target needs at least one number, but the shape is {array.shape}")
    if array.dtype.kind in "iu":
        return _as_int32("the targets", array)
    return _as_float32("the targets", array)


def _checked_classes(targets: Array | None, classes: int | None) -> int | None:
    """Check the class numbers, and return how many classes there are; None if there are none."""
    if targets is None or targets.dtype.kind != "i":
        if classes is not None:
            kind = "none" if targets is None else f"{targets.dtype} numbers"
            raise DataError(f"classes needs class numbers as targets, but the targets are {kind}")
        return None
    if classes is None:
        classes = default_classes(targets)
    if not checks.is_whole(classes) or classes < 1:
        raise DataError(f"classes must be an integer, 1 or more, but is {classes!r}")
    if classes > MAX_CLASSES:
        raise DataError(f"labels are kept as int32, which has no room for {classes} classes")
    _check_labels(targets, (targets < 0) | (targets >= classes), f"within 0 .. {classes - 1}")
    return int(classes)


def _check_labels(labels: Array, is_wrong: Array, allowed: str) -> None:
    wrong = np.argwhere(is_wrong)
    if len(wrong):
        place = tuple(map(int, wrong[0]))
        shown = place[0] if len(place) == 1 else place
        raise DataError(
            f"labels must be {allowed}, but label {shown} is {labels[place]} "
            f"({len(wrong)} are out of range)"
        )


def default_classes(*targets: Array) -> int:
    """Return one more than the largest of the class numbers.

    Raises
    ------
    DataError : a class number is negative, or much larger than the number of them
    """
    for numbers in targets:
        _check_labels(numbers, numbers < 0, "0 or more")
    count = max(1, *(int(numbers.max()) + 1 for numbers in targets))
    size = sum(numbers.size for numbers in targets)
    if count > max(MAX_DEFAULT_CLASSES, size):
        raise DataError(
            f"labels are class numbers, but the largest of {size} is {count - 1}; floats are "
            "numbers to predict, and Dataset(…, classes=N) allows any number of classes"
        )
    return count


def _statistic(name: str, value: Any, inputs: Array) -> float | tuple[float, ...]:
    """Check a mean or a standard deviation: a number, or one for each channel or feature."""
    is_list = isinstance(value, tuple | list | np.ndarray)
    numbers: tuple[Any, ...] = tuple(value) if is_list else (value,)
    for number in numbers:
        needed = " above 0" if name == "std" else ""
        if not checks.is_finite(number) or (needed and number <= 0):
            raise DataError(f"{name} must be a finite number{needed}, but is {number!r}")
    if not is_list:
        return float(numbers[0])
    channels = inputs.shape[1] if inputs.ndim > 1 else 1
    if len(numbers) != channels:
        raise DataError(
            f"{name} needs one number, or one for each of {channels} channels, but has "
            f"{len(numbers)}"
        )
    return tuple(map(float, numbers))


def _as_array(name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different length
        raise DataError(f"{name} must be an array of one shape: {error}") from error
    if array.dtype.kind not in "iufb":
        raise DataError(f"{name} must have numbers, not {array.dtype} {array.shape}")
    return array


def _as_int32(name: str, array: Array) -> Array:
    limits = np.iinfo(np.int32)
    smallest, largest = int(array.min()), int(array.max())
    if smallest < limits.min or largest > limits.max:
        outside = smallest if smallest < limits.min else largest
        raise DataError(f"{name} must fit in int32, but has the number {outside}")
    return _frozen(array.astype(np.int32, copy=False))


def _as_float32(name: str, array: Array) -> Array:
    with np.errstate(over="ignore"):
        floats = array.astype(np.float32, copy=False)
    wrong = np.flatnonzero(~np.isfinite(floats))
    if len(wrong):
        place = tuple(map(int, np.unravel_index(wrong[0], array.shape)))
        raise DataError(
            f"{name} must have finite float32 numbers, but the number at {place} is "
            f"{array[place]} ({len(wrong)} are not finite)"
        )
    if array.dtype == np.float64 and 0 < array.ndim <= 2:
        _warn_of_rounding(name, array, floats)
    return _frozen(floats)


def _warn_of_rounding(name: str, array: Array, floats: Array) -> None:
    """Warn of columns whose numbers float32 cannot tell apart, such as seconds since 1970."""
    std, lost = array.std(axis=0), np.abs(array - floats).max(axis=0)
    largest = np.abs(array).max(axis=0)
    wrong = np.atleast_1d((lost > _MAX_ROUNDING * std) & (std > _MIN_VARIATION * largest))
    if wrong.any():
        column = int(np.argmax(wrong))
        near = f"{array.reshape(len(array), -1)[0, column]:.12g}"
        warnings.warn(
            f"{name}: float32 cannot tell the numbers of column {column} apart, which are near "
            f"{near} ({int(wrong.sum())} of {wrong.size} columns are like this); subtract their "
            "mean before",
            stacklevel=6,
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
