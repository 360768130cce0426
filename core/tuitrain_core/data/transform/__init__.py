"""Transforms of samples: sizes, crops, flips, colors, with random numbers of each sample."""

from typing import TYPE_CHECKING, NoReturn

from ...absent_names import absent
from .base import Compose, Transform, VisionTransform
from .color import (
    BrightnessTransform,
    ColorJitter,
    ContrastTransform,
    Normalize,
    SaturationTransform,
)
from .geometry import (
    CenterCrop,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToMode,
)
from .random_numbers import RandomNumbers, random_numbers, sample_scope
from .resize import RandomResizedCrop, Resize

__all__ = [
    "BrightnessTransform",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ContrastTransform",
    "Normalize",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomNumbers",
    "RandomResizedCrop",
    "RandomVerticalFlip",
    "Resize",
    "SaturationTransform",
    "ToMode",
    "Transform",
    "VisionTransform",
    "random_numbers",
    "sample_scope",
]


if not TYPE_CHECKING:  # which knows the names

    def __getattr__(name: str) -> NoReturn:
        raise absent(__name__, name, __all__)
