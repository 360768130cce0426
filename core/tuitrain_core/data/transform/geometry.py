"""Transforms that move pixels: padding, crops, flips, and the order of the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import CoreError, ShapeError
from ...ops import checks
from ...ops.base import Array
from .base import VisionTransform, check_picture, checked_number, checked_size
from .random_numbers import random_numbers


class ToMode(VisionTransform):
    """Turns pictures (H, W, C) into (C, H, W).

    Parameters
    ----------
    mode : ``"CHW"``
    order : see `VisionTransform`
    """

    def __init__(self, mode: str = "CHW", *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        if mode != "CHW":
            raise CoreError(f"mode must be 'CHW', but is {mode!r}")
        self.mode = mode

    def _apply_image(self, image: Any) -> Array:
        check_picture(image)
        return np.ascontiguousarray(np.moveaxis(image, 2, 0))


class Pad(VisionTransform):
    """Adds borders of one color.

    Parameters
    ----------
    size : pixels on every side; or (bottom, right); or (top, bottom, left, right)
    value : of the border: a number for each channel; one number is that of the first channel, and
        the others are 0
    mask_value : the same for masks
    order : see `VisionTransform`
    """

    def __init__(
        self,
        size: int | Sequence[int] = 0,
        value: float | Sequence[float] = 0,
        mask_value: float | Sequence[float] = 0,
        *,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(order)
        self.size = _checked_borders("size", size)
        self.value = value
        self.mask_value = mask_value

    def _apply_image(self, image: Any) -> Array:
        return pad(image, self.size, self.value)

    def _apply_mask(self, mask: Any) -> Array:
        return pad(mask, self.size, self.mask_value)


class CenterCrop(VisionTransform):
    """Cuts out the middle.

    Parameters
    ----------
    output_size : height and width, or one number for both
    order : see `VisionTransform`
    """

    def __init__(
        self, output_size: int | Sequence[int], *, order: Sequence[str] | None = None
    ) -> None:
        super().__init__(order)
        self.output_size = checked_size("output_size", output_size)

    def _apply_image(self, image: Any) -> Array:
        height, width, _ = check_picture(image)
        rows, columns = self.output_size
        if rows > height or columns > width:
            raise ShapeError(
                f"the output size {self.output_size} is larger than the picture, {image.shape}"
            )
        top, left = (height - rows) // 2, (width - columns) // 2
        return image[top : top + rows, left : left + columns]


class RandomCrop(VisionTransform):
    """Cuts out a random place, after borders were added.

    Parameters
    ----------
    output_size : height and width, or one number for both; a picture that is smaller is padded at
        the bottom and on the right
    padding_size, padding_value, padding_maskvalue : the border that is added before; see `Pad`
    order : see `VisionTransform`
    """

    def __init__(
        self,
        output_size: int | Sequence[int],
        padding_size: int | Sequence[int] = 0,
        padding_value: float | Sequence[float] = (0, 0, 0),
        padding_maskvalue: float | Sequence[float] = 0,
        *,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(order)
        self.output_size = checked_size("output_size", output_size)
        self.padding_size = _checked_borders("padding_size", padding_size)
        self.padding_value = padding_value
        self.padding_maskvalue = padding_maskvalue

    def _apply_image(self, image: Any) -> Array:
        return self._crop(image, self.padding_value)

    def _apply_mask(self, mask: Any) -> Array:
        return self._crop(mask, self.padding_maskvalue)

    def _crop(self, image: Any, value: float | Sequence[float]) -> Array:
        image = pad(image, self.padding_size, value)
        rows, columns = self.output_size
        missing = max(0, rows - image.shape[0]), max(0, columns - image.shape[1])
        if any(missing):
            image = pad(image, (0, missing[0], 0, missing[1]), value)
        numbers = random_numbers()
        top = numbers.integer(0, image.shape[0] - rows + 1)
        left = numbers.integer(0, image.shape[1] - columns + 1)
        return image[top : top + rows, left : left + columns]


class _RandomFlip(VisionTransform):
    """Flips a picture or not.

    Parameters
    ----------
    prob : the probability, 0 .. 1
    order : see `VisionTransform`
    """

    def __init__(self, prob: float = 0.5, *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        self.prob = checked_number("prob", prob, high=1.0)

    def _apply_image(self, image: Any) -> Array:
        check_picture(image)
        flips = random_numbers().uniform() < self.prob
        return np.ascontiguousarray(self._flipped(image)) if flips else image

    def _flipped(self, image: Array) -> Array:
        raise NotImplementedError


class RandomHorizontalFlip(_RandomFlip):
    """Exchanges left and right.

    Parameters
    ----------
    prob : the probability, 0 .. 1
    order : see `VisionTransform`
    """

    def _flipped(self, image: Array) -> Array:
        return image[:, ::-1]


class RandomVerticalFlip(_RandomFlip):
    """Exchanges top and bottom.

    Parameters
    ----------
    prob : the probability, 0 .. 1
    order : see `VisionTransform`
    """

    def _flipped(self, image: Array) -> Array:
        return image[::-1]


def pad(image: Any, borders: tuple[int, int, int, int], value: float | Sequence[float]) -> Array:
    """Return a picture with borders.

    Parameters
    ----------
    image : (H, W, C)
    borders : pixels at the top, at the bottom, on the left, on the right
    value : see `Pad`

    Raises
    ------
    ShapeError : the image is not a picture
    """
    height, width, channels = check_picture(image)
    top, bottom, left, right = borders
    if not any(borders):
        return image
    padded = np.empty((height + top + bottom, width + left + right, channels), image.dtype)
    values = np.atleast_1d(value)[:channels]
    padded[...] = np.append(values, np.zeros(channels - len(values)))
    padded[top : top + height, left : left + width] = image
    return padded


def _checked_borders(name: str, value: Any) -> tuple[int, int, int, int]:
    numbers = tuple(value) if isinstance(value, tuple | list) else (value,)
    if len(numbers) not in (1, 2, 4) or not all(checks.is_whole(n) and n >= 0 for n in numbers):
        raise CoreError(f"{name} must be 1, 2 or 4 whole numbers of at least 0, but is {value!r}")
    sizes = [int(number) for number in numbers]
    if len(sizes) == 1:
        sizes *= 4
    elif len(sizes) == 2:
        sizes = [0, sizes[0], 0, sizes[1]]
    top, bottom, left, right = sizes
    return top, bottom, left, right
