"""Data sets from NPZ files: which arrays are inputs and targets, of training and of testing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import DataError
from ..ops.base import Array
from .memory_dataset import Dataset, default_classes
from .npz_file import array_names, check_known, opened_npz, read_array
from .split import TEST_SHARE, check_share, split_rows

INPUT_NAMES: Final = ("inputs", "x", "X", "images", "data")
TARGET_NAMES: Final = ("targets", "y", "Y", "labels", "target", "label")


@dataclass(frozen=True, slots=True)
class NpzChoice:
    """The names of the arrays of a data set; without test arrays, a share of the others tests."""

    inputs: tuple[str, ...]
    targets: str | None
    test_inputs: tuple[str, ...] = ()
    test_targets: str | None = None


def load_npz(
    path: str | os.PathLike[str],
    inputs: str | Sequence[str] = (),
    targets: str = "",
    test: float = TEST_SHARE,
) -> tuple[Dataset, Dataset]:
    """Read a data set from an NPZ file.

    Parameters
    ----------
    inputs : the names of one or several arrays (N, ...); default: an array with a usual name, such
        as ``x`` or ``images``
    targets : the name of the array (N, ...), or ``"none"`` where the inputs are the targets;
        default: a usual name, such as ``y`` or ``labels``
    test : the share of the samples for testing, the same samples in every run

    Each name may be the beginning or end of a pair of names, such as ``x_train`` and ``x_test``
    for ``x``: these are then the training set and the test set.

    Returns
    -------
    train, test : uint8 images (N, H, W) or (N, H, W, C) become (N, C, H, W), normalized by the
        mean and the standard deviation of the training pixels; other inputs are taken as they are

    Raises
    ------
    DataError : the file is damaged, an array is missing or too large, or the arrays do not fit
        together; names the file and the array
    """
    path = Path(path)
    check_share(test)
    with opened_npz(path) as archive:
        names = list(array_names(archive))
        choice = choose_arrays(path, names, inputs, targets)
        arrays = [read_array(archive, path, name) for name in choice.inputs]
        labels = (
            None if choice.targets is None else _labels(read_array(archive, path, choice.targets))
        )
        train = _images(arrays), labels
        if not choice.test_inputs:
            parts = _split(path, choice, train, test)
        else:
            tests = _images([read_array(archive, path, name) for name in choice.test_inputs])
            test_name = choice.test_targets
            test_labels = (
                None if test_name is None else _labels(read_array(archive, path, test_name))
            )
            parts = train, (tests, test_labels)
    return _datasets(path, choice, *parts)


def check_npz(
    path: str | os.PathLike[str],
    inputs: str | Sequence[str] = (),
    targets: str = "",
    test: float = TEST_SHARE,
) -> None:
    """Check what `load_npz` would be called with, and the names of the arrays only.

    Raises
    ------
    DataError : the file cannot be read, or an array is missing
    """
    path = Path(path)
    check_share(test)
    with opened_npz(path) as archive:
        choose_arrays(path, list(array_names(archive)), inputs, targets)


def choose_arrays(
    path: Path, names: Sequence[str], inputs: str | Sequence[str], targets: str
) -> NpzChoice:
    """Return which arrays are inputs and targets.

    Raises
    ------
    DataError : there is no such array, or no array with a usual name
    """
    wanted = [inputs] if isinstance(inputs, str) and inputs else list(inputs)
    if not wanted:
        wanted = [_usual(path, "inputs", names, INPUT_NAMES)]
    if not targets:
        targets = _usual(path, "targets", names, TARGET_NAMES)
    pairs = [_pair(path, "inputs", name, names) for name in wanted]
    label = (None, None) if targets == "none" else _pair(path, "targets", targets, names)
    tests = [pair[1] for pair in pairs]
    with_tests = all(tests) and (label[1] is not None or label[0] is None)
    if not with_tests:
        if unused := [name for name in (*tests, label[1]) if name is not None]:
            warnings.warn(
                f"{path}: {', '.join(unused)}: not used, because the test arrays of the others "
                "are missing",
                stacklevel=4,
            )
        return NpzChoice(tuple(pair[0] for pair in pairs), label[0])
    test_inputs = tuple(name for name in tests if name is not None)
    return NpzChoice(tuple(pair[0] for pair in pairs), label[0], test_inputs, label[1])


def _usual(path: Path, option: str, names: Sequence[str], usual: Sequence[str]) -> str:
    for name in usual:
        if _candidates(name, names):
            return name
    listed = ", ".join(names[:12]) or "nothing"
    none = ", or none if the inputs are the targets" if option == "targets" else ""
    raise DataError(
        f"{path}: has no array with a usual name, such as {usual[1]} or {usual[1]}_train; "
        f"name it with {option}={none} (the file has {listed})"
    )


def _candidates(name: str, names: Sequence[str]) -> tuple[str, str | None] | None:
    """Return the array of a name and its test array, if the file has them."""
    if name in names:
        for part, other in (("train", "test"), ("Train", "Test")):
            partner = name.replace(part, other)
            if partner != name and partner in names:
                return name, partner
        return name, None
    for pattern in ("{}_{}", "{1}_{0}", "{}{}", "{1}{0}"):
        train, test = pattern.format(name, "train"), pattern.format(name, "test")
        if train in names:
            return train, test if test in names else None
    return None


def _pair(path: Path, option: str, name: str, names: Sequence[str]) -> tuple[str, str | None]:
    pair = _candidates(name, names)
    if pair is None:
        check_known(path, f"{option}: the array", name, names)
        return name, None
    return pair


def _split(
    path: Path, choice: NpzChoice, train: tuple[list[Array], Array | None], test: float
) -> tuple[tuple[list[Array], Array | None], tuple[list[Array], Array | None]]:
    arrays, labels = train
    every = dict(zip(choice.inputs, arrays, strict=True))
    if labels is not None and choice.targets is not None:
        every[choice.targets] = labels
    counts = {name: len(array) if array.ndim else 0 for name, array in every.items()}
    if len(set(counts.values())) > 1 or not all(counts.values()):
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise DataError(f"{path}: the arrays need the same number of samples, 2 or more: {listed}")
    try:
        rows = split_rows(next(iter(counts.values())), test)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    first, second = (
        ([array[part] for array in arrays], None if labels is None else labels[part])
        for part in rows
    )
    return first, second


def _datasets(
    path: Path,
    choice: NpzChoice,
    train: tuple[list[Array], Array | None],
    test: tuple[list[Array], Array | None],
) -> tuple[Dataset, Dataset]:
    """Return both data sets, with the same classes and the statistics of the first."""
    whole = [part for _, part in (train, test) if part is not None and part.dtype.kind in "iu"]
    classes = None
    if whole and all(part.size for part in whole):
        try:
            classes = default_classes(*whole)
        except DataError as error:
            raise DataError(f"{path}: {choice.targets}: {error}") from None
    parts = []
    mean, std = 0.0, 1.0
    for names, target, (arrays, labels) in (
        (choice.inputs, choice.targets, train),
        (choice.test_inputs or choice.inputs, choice.test_targets or choice.targets, test),
    ):
        inputs = arrays[0] if len(arrays) == 1 else tuple(arrays)
        try:
            if not parts and arrays[0].size and arrays[0].dtype == np.uint8:
                mean, std = pixel_statistics(arrays[0])
            parts.append(Dataset(inputs, labels, classes, mean, std))
        except DataError as error:
            used = ", ".join([*names, *([target] if target else [])])
            raise DataError(f"{path}: {used}: {error}") from None
    first, second = parts
    for name, one, other in zip(
        choice.inputs, first.input_arrays, second.input_arrays, strict=True
    ):
        if one.shape[1:] != other.shape[1:] or one.dtype != other.dtype:
            raise DataError(
                f"{path}: {name}: training samples are {one.dtype} {one.shape[1:]}, but test "
                f"samples {other.dtype} {other.shape[1:]}"
            )
    return first, second


def pixel_statistics(images: Array) -> tuple[float, float]:
    """Return mean and standard deviation of uint8 pixels, scaled to 0 .. 1; 1 if all are equal."""
    counts = sum(
        np.bincount(images[at : at + 1024].reshape(-1), minlength=256)
        for at in range(0, len(images), 1024)
    )
    levels = np.arange(256) / 255
    mean = float((counts * levels).sum() / images.size)
    std = float(np.sqrt((counts * (levels - mean) ** 2).sum() / images.size))
    return mean, std or 1.0


def _images(arrays: list[Array]) -> list[Array]:
    """Return the arrays with uint8 images as (N, C, H, W)."""
    return [_with_channel(array) if array.dtype == np.uint8 else array for array in arrays]


def _with_channel(array: Array) -> Array:
    if array.ndim == 3:
        return array[:, np.newaxis]
    if array.ndim == 4 and array.shape[3] in (1, 3, 4) and array.shape[1] not in (1, 3, 4):
        return np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    return array


def _labels(array: Array) -> Array:
    """Return class numbers (N, 1) as (N,), as some archives have them."""
    if array.dtype.kind in "iu" and array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    return array
