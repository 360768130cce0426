"""Transforms of samples: sizes, crops, flips, colors, with random numbers of each sample."""

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
