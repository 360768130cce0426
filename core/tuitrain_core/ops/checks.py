"""What operations demand of their inputs, checked before anything is computed."""

from __future__ import annotations

from ..errors import CoreError, ShapeError
from .base import Array


def floating(name: str, **inputs: Array) -> None:
    """Demand float32 or float64, the same for all inputs.

    Raises
    ------
    CoreError : another dtype, or two different ones
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
    """Demand a number of axes.

    Raises
    ------
    ShapeError : the array has more or fewer
    """
    if array.ndim != count:
        raise ShapeError(
            f"{name}: the {label} has shape {array.shape}; it must have {count} axes, {meaning}"
        )


def axis(name: str, array: Array, given: int) -> int:
    """Return an axis counted from the front, given one counted from either end.

    Raises
    ------
    ShapeError : the array has no such axis
    """
    if not -array.ndim <= given < array.ndim:
        raise ShapeError(f"{name}: there is no axis {given} in the shape {array.shape}")
    return given % array.ndim


def windows(
    name: str,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> tuple[int, int]:
    """Return how many windows fit into an image, vertically and horizontally.

    Raises
    ------
    CoreError : a kernel size or stride below 1, a padding below 0
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
