"""Losses by name: what a run minimizes, as functions of outputs and targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np

from . import functional as F
from .data import Dataset
from .data.sample_array import SampleArray
from .errors import CoreError, ShapeError
from .ops import checks
from .ops.pointwise_loss import AbsoluteLoss, BinaryCrossEntropy, HingeLoss
from .tensor import Tensor, apply, tensor

_SMALLEST_WEIGHT: Final = 1e-30
_LARGEST_WEIGHT: Final = 1e30
"""The limits of a class weight that is not 0; sums of them are normal float32 numbers."""

_ROUNDING: Final = 1e-6
"""How far the float32 of a white pixel may be above 1."""

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Maps a model's outputs and the targets of a batch to one number."""


def cross_entropy(
    outputs: Tensor,
    targets: Tensor,
    label_smooth: float = 0.0,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return the mean negative log-likelihood of class numbers.

    Parameters
    ----------
    outputs : logits (N, K) or (N, K, ...); or, with the classes last, (N, ..., K)
    targets : class numbers (N,) or (N, ...), from 0 to K - 1
    label_smooth : part of each target that is spread over all classes, in [0, 1)
    class_weights : the weight of each class (K,); the mean is weighted by them, and is 0 where all
        weights of a batch are 0. Default: all 1

    Raises
    ------
    ShapeError : the shapes do not fit
    CoreError : the targets are not class numbers, or there is not one weight for each class
    """
    if targets.dtype.kind not in "iu":
        raise CoreError(
            f"cross_entropy needs class numbers as targets, but they are {targets.dtype} "
            f"{targets.shape}; square_loss, l1 or binary_cross_entropy take floats"
        )
    axis = _class_axis(outputs, targets)
    if class_weights is None:
        return F.loss.cross_entropy(outputs, targets, axis, label_smooth=label_smooth)
    if class_weights.size != outputs.shape[axis]:
        raise CoreError(
            f"class_weights needs one number for each class, but has {class_weights.size}, and "
            f"the outputs {outputs.shape} have {outputs.shape[axis]} classes"
        )
    losses = F.loss.cross_entropy(
        outputs, targets, axis, label_smooth=label_smooth, reduction="none"
    )
    table = class_weights.reshape(class_weights.size, 1)
    weights = F.nn.embedding(targets, table).reshape(losses.shape)
    return (losses * weights).sum() / F.maximum(weights.sum(), _SMALLEST_WEIGHT)


def square_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of (outputs - targets)², over all elements.

    Raises
    ------
    ShapeError : the shapes differ
    """
    return F.loss.square_loss(outputs, _as_outputs("square_loss", outputs, targets))


def l1(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of |outputs - targets|, over all elements.

    Raises
    ------
    ShapeError : the shapes differ
    """
    return apply(AbsoluteLoss(), outputs, _as_outputs("l1", outputs, targets))


def binary_cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of targets from 0 to 1, where outputs are logits.

    With logits x and targets y it is max(x, 0) - x y + log(1 + exp(-|x|)), which does not overflow.

    Raises
    ------
    ShapeError : the shapes differ
    """
    return apply(
        BinaryCrossEntropy(), outputs, _as_outputs("binary_cross_entropy", outputs, targets)
    )


def hinge(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of max(0, 1 - targets · outputs), with targets -1 and 1.

    Raises
    ------
    ShapeError : the shapes differ
    """
    return apply(HingeLoss(), outputs, _as_outputs("hinge", outputs, targets))


LOSSES: Final[Mapping[str, Loss]] = {
    "cross_entropy": cross_entropy,
    "square_loss": square_loss,
    "l1": l1,
    "binary_cross_entropy": binary_cross_entropy,
    "hinge": hinge,
}
"""The losses by name."""


def default_loss(dataset: Dataset) -> str:
    """Return the name of the loss that fits a data set's targets."""
    return "cross_entropy" if dataset.has_class_targets else "square_loss"


def check_targets(loss: Loss | None, targets: SampleArray) -> None:
    """Check that targets are in the range of a loss.

    Parameters
    ----------
    loss : one of `LOSSES`; others take any targets
    targets : as a loader gives them

    Raises
    ------
    CoreError : binary_cross_entropy has targets that are not from 0 to 1, or hinge others than -1
        and 1
    """
    if loss is binary_cross_entropy:
        low, high = targets.limits()
        if low < 0 or high > 1 + _ROUNDING:
            raise CoreError(
                f"binary_cross_entropy needs targets from 0 to 1, but they are from {low:g} to "
                f"{high:g}"
            )
    elif loss is hinge:
        other = targets.array[np.abs(targets.array) != 1] if not targets.scales else targets.array
        if other.size:
            raise CoreError(
                f"hinge needs the targets -1 and 1, but one is {other.reshape(-1)[0]:g}"
            )


def make_loss(name: str, **settings: Any) -> Loss:
    """Return a loss with its settings.

    Parameters
    ----------
    name : one of `LOSSES`
    settings : of ``cross_entropy``: ``label_smooth``, and ``class_weights``, one number for each
        class

    Raises
    ------
    CoreError : the loss has no such setting, or a value is not allowed
    """
    allowed = ("label_smooth", "class_weights") if name == "cross_entropy" else ()
    for setting in settings:
        if setting not in allowed:
            known = f"it has {' and '.join(allowed)}" if allowed else "it has none"
            raise CoreError(f"the loss {name} has no setting {setting!r} ({known})")
    if not settings:
        return LOSSES[name]
    checked: dict[str, Any] = {}
    if "label_smooth" in settings:
        checks.fraction(name, "label_smooth", settings["label_smooth"])
        checked["label_smooth"] = settings["label_smooth"]
    if "class_weights" in settings:
        checked["class_weights"] = _weights(settings["class_weights"])
    return partial(cross_entropy, **checked)


def _weights(values: Any) -> Tensor:
    """Return the weights of classes as a table for a look-up (K, 1)."""
    listed: list[Any] = (
        [] if isinstance(values, str) or not isinstance(values, Sequence) else [*values]
    )
    if not listed or not all(map(_is_weight, listed)):
        raise CoreError(
            "class_weights needs a list of finite numbers, one for each class, each 0 or from "
            f"{_SMALLEST_WEIGHT:g} to {_LARGEST_WEIGHT:g}, but is {values!r:.60}"
        )
    if not any(listed):
        raise CoreError("class_weights needs a weight above 0, but all are 0")
    return tensor(np.array(listed, np.float32).reshape(-1, 1))


def _is_weight(value: Any) -> bool:
    return checks.is_finite(value) and (value == 0 or _SMALLEST_WEIGHT <= value <= _LARGEST_WEIGHT)


def _class_axis(outputs: Tensor, targets: Tensor) -> int:
    """Return the axis of the classes: the second, or the last where only that fits."""
    last_fits = outputs.shape[:-1] == targets.shape
    second_fits = outputs.shape[:1] + outputs.shape[2:] == targets.shape
    return -1 if last_fits and not second_fits else 1


def _as_outputs(name: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return targets as floats in the shape of the outputs; axes of size 1 may differ."""
    if targets.dtype != outputs.dtype:
        targets = targets.astype(outputs.dtype)
    if targets.shape == outputs.shape:
        return targets
    one_value = [size for size in targets.shape[1:] if size != 1]
    if math.prod(targets.shape) == math.prod(outputs.shape) and one_value == [
        size for size in outputs.shape[1:] if size != 1
    ]:
        return targets.reshape(outputs.shape)
    raise ShapeError(
        f"{name}: the outputs have shape {outputs.shape}, the targets {targets.shape}; they must "
        "be the same"
    )
