"""Transforms of pixel values: normalization, brightness, contrast, saturation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ...errors import CoreError
from ...ops import checks
from ...ops.base import Array
from .base import Compose, Transform, VisionTransform, check_picture, checked_number, to_dtype_of
from .random_numbers import random_numbers

_GRAY: Final = np.array([0.114, 0.587, 0.299], np.float32)
"""The luma of blue, green and red (ITU-R BT.601)."""


class Normalize(VisionTransform):
    """Gives ``(x - mean) / std`` as float32.

    Parameters
    ----------
    mean, std : numbers, or one for each channel
    order : see `VisionTransform`
    """

    def __init__(
        self,
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        *,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(order)
        self.mean = _checked_numbers("mean", mean)
        self.std = _checked_numbers("std", std)
        if 0 in np.atleast_1d(self.std):
            raise CoreError(f"std must not be 0, but is {std!r}")

    def _apply_image(self, image: Any) -> Array:
        mean, std = np.array(self.mean, np.float32), np.array(self.std, np.float32)
        return (np.asarray(image, np.float32) - mean) / std

    def _apply_mask(self, mask: Any) -> Any:
        return mask


class _Blend(VisionTransform):
    """Mixes a picture with another one: ``x * a + other * (1 - a)``.

    Parameters
    ----------
    value : a is uniform from ``max(0, 1 - value)`` to ``1 + value``
    order : see `VisionTransform`
    """

    def __init__(self, value: float, *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        self.value = checked_number("value", value)

    def _apply_image(self, image: Any) -> Any:
        check_picture(image)
        if self.value == 0:
            return image
        share = random_numbers().uniform(max(0.0, 1 - self.value), 1 + self.value)
        pixels = np.asarray(image, np.float32)
        mixed = pixels * np.float32(share) + self._other(image, pixels) * np.float32(1 - share)
        return to_dtype_of(image, np.clip(mixed, 0, 255))

    def _apply_mask(self, mask: Any) -> Any:
        return mask

    def _other(self, image: Array, pixels: Array) -> Array:
        raise NotImplementedError


class BrightnessTransform(_Blend):
    """Makes pictures of pixels 0 .. 255 darker or brighter, by a random factor.

    Parameters
    ----------
    value : the factor is uniform from ``max(0, 1 - value)`` to ``1 + value``
    order : see `VisionTransform`
    """

    def _other(self, image: Array, pixels: Array) -> Array:
        del image, pixels
        return np.zeros((), np.float32)


class ContrastTransform(_Blend):
    """Moves pixels 0 .. 255 from or to the mean gray of the picture, by a random factor.

    Parameters
    ----------
    value : the factor is uniform from ``max(0, 1 - value)`` to ``1 + value``
    order : see `VisionTransform`
    """

    def _other(self, image: Array, pixels: Array) -> Array:
        gray = _gray(pixels)
        return (np.rint(gray) if image.dtype == np.uint8 else gray).mean(dtype=np.float32)


class SaturationTransform(_Blend):
    """Moves pixels 0 .. 255 from or to their own gray, by a random factor.

    Parameters
    ----------
    value : the factor is uniform from ``max(0, 1 - value)`` to ``1 + value``
    order : see `VisionTransform`
    """

    def _other(self, image: Array, pixels: Array) -> Array:
        del image
        return _gray(pixels)[..., None]


class ColorJitter(VisionTransform):
    """Changes brightness, contrast and saturation, in a random order.

    Parameters
    ----------
    brightness, contrast, saturation : the `value` of each transform; 0 changes nothing
    hue : 0; a change of the hue is not there
    order : see `VisionTransform`
    """

    def __init__(
        self,
        brightness: float = 0,
        contrast: float = 0,
        saturation: float = 0,
        hue: float = 0,
        *,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(order)
        if hue != 0:
            raise CoreError(f"hue must be 0, because the hue cannot be changed, but is {hue!r}")
        self.brightness = checked_number("brightness", brightness)
        self.contrast = checked_number("contrast", contrast)
        self.saturation = checked_number("saturation", saturation)
        self._transforms: list[Transform] = [
            kind(value, order=order)
            for kind, value in (
                (BrightnessTransform, self.brightness),
                (ContrastTransform, self.contrast),
                (SaturationTransform, self.saturation),
            )
            if value
        ]

    def apply(self, input: Any) -> Any:
        """Return the transformed sample."""
        order = random_numbers().permutation(len(self._transforms))
        return Compose([self._transforms[place] for place in order]).apply(input)


def _gray(pixels: Array) -> Array:
    """Return the luma of a picture of blue, green and red; one channel is gray itself."""
    channels = pixels.shape[2]
    if channels == 1:
        return pixels[..., 0]
    if channels != 3:
        raise CoreError(f"a picture with colors has 1 or 3 channels, but was given {channels}")
    return pixels @ _GRAY


def _checked_numbers(name: str, value: Any) -> float | tuple[float, ...]:
    is_list = isinstance(value, tuple | list | np.ndarray)
    numbers: tuple[Any, ...] = tuple(value) if is_list else (value,)
    if not numbers or not all(checks.is_finite(number) for number in numbers):
        raise CoreError(f"{name} must be a finite number, or a list of them, but is {value!r}")
    return tuple(map(float, numbers)) if is_list else float(numbers[0])
