"""Checks of the inputs and attributes of operations."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from ..errors import CoreError, ShapeError
from .base import Array


def floating(name: str, **inputs: Array) -> None:
    """Check that all inputs are float32, or all float64.

    Raises
    ------
    CoreError : an input has another dtype, or two inputs have different ones
    """
    first_label, first = next(iter(inputs.items()))
    for label, array in inputs.items():
        if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8):
            raise CoreError(
                f"{name}: the {label} is {array.dtype}; it must be float32 or float64 "
                "(astype('float32') converts)"
            )
        if array.dtype != first.dtype:
            raise CoreError(
                f"{name}: the {first_label} is {first.dtype}, the {label} {array.dtype}; "
                "they must be of one dtype"
            )


def axes(name: str, label: str, array: Array, count: int, meaning: str) -> None:
    """Check the number of axes.

    Raises
    ------
    ShapeError : the array has another number of axes
    """
    if array.ndim != count:
        raise ShapeError(
            f"{name}: the {label} has shape {array.shape}; it must have {count} axes, {meaning}"
        )


def axis(name: str, array: Array, index: int) -> int:
    """Return the index of an axis counted from the front; the index may be negative.

    Raises
    ------
    ShapeError : the array has no such axis
    CoreError : the index is not a whole number
    """
    if not is_whole(index):
        raise CoreError(f"{name}: an axis is a whole number, but was given {index!r}")
    if not -array.ndim <= index < array.ndim:
        raise ShapeError(f"{name}: there is no axis {index} in the shape {array.shape}")
    return index % array.ndim


def count_windows(
    name: str,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> tuple[int, int]:
    """Return the number of windows that fit into an image, vertically and horizontally.

    Raises
    ------
    CoreError : a kernel size or stride is below 1, or a padding below 0
    ShapeError : the window is larger than the padded image
    """
    if min(kernel) < 1 or min(stride) < 1 or min(padding) < 0:
        raise CoreError(
            f"{name}: kernel size and stride are at least 1 and padding at least 0, but were "
            f"given {kernel}, {stride} and {padding}"
        )
    counts = tuple(
        (n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, padding, strict=True)
    )
    if min(counts) < 1:
        raise ShapeError(
            f"{name}: the window {kernel} is larger than the image {size} with padding {padding}"
        )
    return counts[0], counts[1]


def as_sizes(name: str, sizes: Any) -> tuple[int, ...]:
    """Return sizes of axes as a tuple, from one whole number or a sequence of them.

    Raises
    ------
    CoreError : the sizes are not whole numbers
    """
    listed = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    if not all(map(is_whole, listed)):
        raise CoreError(f"{name} is a whole number or a sequence of them, but was given {sizes!r}")
    return tuple(int(n) for n in listed)


def is_whole(value: Any) -> bool:
    """Return whether a value is a whole number; a bool is not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    """Return whether a value is a finite number; a bool is not."""
    return _is_real(value) and math.isfinite(value)


def at_least_1(name: str, **counts: Any) -> None:
    """Check that counts are whole numbers of at least 1.

    Raises
    ------
    CoreError : one is not; lists all that are not
    """
    wrong = [
        f"{label}={value!r}"
        for label, value in counts.items()
        if not (is_whole(value) and value >= 1)
    ]
    if wrong:
        raise CoreError(f"{name}: sizes are whole numbers of at least 1, not {', '.join(wrong)}")


def fraction(name: str, label: str, value: Any) -> None:
    """Check that a value is a number in [0, 1).

    Raises
    ------
    CoreError : it is not
    """
    if not (_is_real(value) and 0.0 <= value < 1.0):
        raise CoreError(f"{name}: {label} is in [0, 1), not {value!r}")


def unit_interval(name: str, label: str, value: Any) -> None:
    """Check that a value is a number in [0, 1].

    Raises
    ------
    CoreError : it is not
    """
    if not (_is_real(value) and 0.0 <= value <= 1.0):
        raise CoreError(f"{name}: {label} is in [0, 1], not {value!r}")


def not_negative(name: str, label: str, value: Any) -> None:
    """Check that a value is a number of at least 0.

    Raises
    ------
    CoreError : it is not
    """
    if not (_is_real(value) and value >= 0.0):
        raise CoreError(f"{name}: {label} is at least 0, but was given {value!r}")


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
