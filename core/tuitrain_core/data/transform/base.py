"""The base classes of transforms, and their composition."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ...errors import CoreError, ShapeError, UnknownTypeError, describe_unknown
from ...ops import checks
from ...ops.base import Array
from .random_numbers import RandomNumbers, random_numbers, sample_scope

UNCHANGED: Final = ("image_category", "category", "info")
"""Parts of a sample that no transform of pictures changes."""

MAX_BYTE: Final = 255


class Transform(ABC):
    """Maps a sample to another.

    Random transforms draw from `random_numbers`, so that a run can be repeated.
    """

    @abstractmethod
    def apply(self, input: Any) -> Any:
        """Return the transformed sample."""

    def apply_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Return the transformed samples."""
        return tuple(self.apply(sample) for sample in inputs)

    def __repr__(self) -> str:
        settings = (f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({', '.join(settings)})"


class VisionTransform(Transform):
    """Transforms pictures (H, W, C), alone or as a part of a sample.

    Subclasses define ``_apply_image``; ``_apply_mask`` is the same unless they define it. All parts
    of a sample are transformed with the same random numbers.

    Parameters
    ----------
    order : the kinds of a sample's parts: ``image``, ``mask``, and ``image_category``, ``category``
        and ``info``, which stay as they are. Default: the first part is an image. Further parts
        stay as they are.

    Raises
    ------
    CoreError : a kind is unknown
    """

    def __init__(self, order: Sequence[str] | None = None) -> None:
        self.order = ("image",) if order is None else tuple(order)
        allowed = ("image", "mask", *UNCHANGED)
        for kind in self.order:
            if kind not in allowed:
                raise CoreError(f"a part of a sample: {describe_unknown(kind, allowed)}")

    def apply(self, input: Any) -> Any:
        """Return the transformed sample: a picture, or a tuple whose parts `order` names."""
        several = isinstance(input, tuple)
        parts: tuple[Any, ...] = input if several else (input,)
        numbers = RandomNumbers(random_numbers().word())
        start, outputs = numbers.state, list(parts)
        with sample_scope(numbers):
            for place, kind in enumerate(self.order[: len(parts)]):
                numbers.state = start
                outputs[place] = self._function(kind)(parts[place])
        return tuple(outputs) if several else outputs[0]

    def __repr__(self) -> str:
        settings = {k: v for k, v in vars(self).items() if not k.startswith("_")}
        if self.order == ("image",):
            del settings["order"]
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in settings.items())})"

    def _function(self, kind: str) -> Callable[[Any], Any]:
        if kind in UNCHANGED:
            return _same
        return self._apply_image if kind == "image" else self._apply_mask

    def _apply_image(self, image: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _apply_image")

    def _apply_mask(self, mask: Any) -> Any:
        return self._apply_image(mask)


class Compose(VisionTransform):
    """Applies transforms one after the other.

    Parameters
    ----------
    transforms : in the order in which they are applied
    order : see `VisionTransform`; if given, it is the order of all transforms that have one

    Raises
    ------
    CoreError : one is not a transform
    """

    def __init__(
        self, transforms: Sequence[Transform] = (), *, order: Sequence[str] | None = None
    ) -> None:
        super().__init__(order)
        self.transforms = list(transforms)
        for transform in self.transforms:
            check_transform(transform)
            if order is not None and isinstance(transform, VisionTransform):
                transform.order = self.order

    def apply(self, input: Any) -> Any:
        """Return the transformed sample."""
        with sample_scope(random_numbers()):
            for transform in self.transforms:
                input = transform.apply(input)
        return input


def check_transform(transform: Any) -> None:
    """Check that a value is a transform.

    Raises
    ------
    UnknownTypeError : it is not
    """
    if not isinstance(transform, Transform):
        raise UnknownTypeError(
            f"a transform is a tuitrain_core.data.transform.Transform, but was given {transform!r}"
        )


def check_picture(image: Any) -> tuple[int, int, int]:
    """Return height, width and channels of a picture.

    Raises
    ------
    ShapeError : it is not an array (H, W, C)
    """
    if not isinstance(image, np.ndarray) or image.ndim != 3:
        shape = getattr(image, "shape", type(image).__name__)
        raise ShapeError(f"a picture is an array (H, W, C), but was given {shape}")
    height, width, channels = image.shape
    return height, width, channels


def to_dtype_of(image: Array, result: Array) -> Array:
    """Return a computed picture with the dtype of its source; bytes are limited to 0 .. 255."""
    if image.dtype == np.uint8:
        result = np.clip(result, 0, MAX_BYTE)
    return result.astype(image.dtype)


def checked_size(name: str, value: Any) -> tuple[int, int]:
    """Return a size as height and width; one number is both.

    Raises
    ------
    CoreError : it is not one or two whole numbers of at least 1
    """
    numbers = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(numbers) != 2 or not all(checks.is_whole(n) and n >= 1 for n in numbers):
        raise CoreError(f"{name} must be one or two whole numbers of at least 1, but is {value!r}")
    return int(numbers[0]), int(numbers[1])


def checked_number(name: str, value: Any, low: float = 0.0, high: float = float("inf")) -> float:
    """Return a finite number within limits.

    Raises
    ------
    CoreError : it is not
    """
    if not checks.is_finite(value) or not low <= value <= high:
        limits = f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"
        raise CoreError(f"{name} must be a number, {limits}, but is {value!r}")
    return float(value)


def _same(part: Any) -> Any:
    return part
