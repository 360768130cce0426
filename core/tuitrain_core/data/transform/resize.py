"""Transforms that change the size of a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ...errors import CoreError
from ...ops import checks
from ...ops.base import Array
from .base import VisionTransform, check_picture, checked_size, to_dtype_of
from .random_numbers import random_numbers

NEAREST, LINEAR = 0, 1
"""The interpolations, by OpenCV's numbers."""

_ATTEMPTS: Final = 10
"""Draws of a part of the image until one fits into it; the usual number."""


class Resize(VisionTransform):
    """Changes the size.

    Parameters
    ----------
    output_size : height and width; or the length of the shorter side, where the other keeps the
        proportions
    interpolation : 0 takes the nearest pixel, 1 is linear between four
    order : see `VisionTransform`
    """

    def __init__(
        self,
        output_size: int | Sequence[int],
        interpolation: int = LINEAR,
        *,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(order)
        size = checked_size("output_size", output_size)
        self.output_size = size if isinstance(output_size, tuple | list) else size[0]
        self.interpolation = _checked_interpolation(interpolation)

    def _apply_image(self, image: Any) -> Array:
        height, width, _ = check_picture(image)
        size = self.output_size
        if not isinstance(size, tuple):
            shorter = min(height, width)
            size = int(height / shorter * size), int(width / shorter * size)
        return resize(image, size, self.interpolation)


class RandomResizedCrop(VisionTransform):
    """Cuts out a random part, and changes its size.

    Parameters
    ----------
    output_size : height and width, or one number for both
    scale_range : the area of the part, relative to the picture; uniform
    ratio_range : width divided by height of the part; its logarithm is uniform
    interpolation : see `Resize`
    order : see `VisionTransform`
    """

    def __init__(
        self,
        output_size: int | Sequence[int],
        scale_range: tuple[float, float] = (0.08, 1.0),
        ratio_range: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: int = LINEAR,
        *,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(order)
        self.output_size = checked_size("output_size", output_size)
        self.scale_range = _checked_range("scale_range", scale_range)
        self.ratio_range = _checked_range("ratio_range", ratio_range)
        self.interpolation = _checked_interpolation(interpolation)

    def _apply_image(self, image: Any) -> Array:
        height, width, _ = check_picture(image)
        top, left, rows, columns = self._draw_part(height, width)
        part = image[top : top + rows, left : left + columns]
        return resize(part, self.output_size, self.interpolation)

    def _draw_part(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return top, left, height and width of a part; the middle if no part fits."""
        numbers = random_numbers()
        low, high = map(math.log, self.ratio_range)
        for _ in range(_ATTEMPTS):
            area = height * width * numbers.uniform(*self.scale_range)
            ratio = math.exp(numbers.uniform(low, high))
            columns, rows = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < columns <= width and 0 < rows <= height:
                top = numbers.integer(0, height - rows + 1)
                return top, numbers.integer(0, width - columns + 1), rows, columns
        nearest = min(max(width / height, self.ratio_range[0]), self.ratio_range[1])
        columns = min(width, max(1, round(height * nearest)))
        rows = min(height, max(1, round(width / nearest)))
        return (height - rows) // 2, (width - columns) // 2, rows, columns


def resize(image: Array, size: tuple[int, int], interpolation: int = LINEAR) -> Array:
    """Return a picture in another size.

    Pixel i of n covers the interval from i/n to (i + 1)/n of a side. Linear interpolation is
    between the centers of pixels; outside these it is constant. Bytes are rounded to the nearest.

    Parameters
    ----------
    image : (H, W, C)
    size : height and width of the result
    interpolation : see `Resize`
    """
    height, width, _ = image.shape
    if interpolation == NEAREST:
        rows, columns = (
            np.arange(new) * old // new for new, old in zip(size, (height, width), strict=True)
        )
        return image[rows][:, columns]
    dtype = np.float64 if image.dtype == np.float64 else np.float32
    top, bottom, down = _neighbors(size[0], height)
    left, right, across = _neighbors(size[1], width)
    down, across = down.astype(dtype)[:, None, None], across.astype(dtype)[:, None]
    wide = image[:, left] * (1 - across) + image[:, right] * across
    result = wide[top] * (1 - down) + wide[bottom] * down
    return to_dtype_of(image, result if image.dtype.kind == "f" else np.rint(result))


def _neighbors(new: int, old: int) -> tuple[Array, Array, Array]:
    """Return the two source pixels of each new one, and the weight of the second."""
    place = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
    first = np.floor(place).astype(np.int64)
    return first, np.minimum(first + 1, old - 1), place - first


def _checked_interpolation(value: Any) -> int:
    if not checks.is_whole(value) or value not in (NEAREST, LINEAR):
        raise CoreError(f"interpolation must be 0 (nearest) or 1 (linear), but is {value!r}")
    return int(value)


def _checked_range(name: str, value: Any) -> tuple[float, float]:
    numbers = list(value) if isinstance(value, tuple | list) else []
    if len(numbers) == 2 and all(checks.is_finite(number) for number in numbers):
        low, high = map(float, numbers)
        if 0 < low <= high:
            return low, high
    raise CoreError(f"{name} must be two numbers above 0 in ascending order, but is {value!r}")
