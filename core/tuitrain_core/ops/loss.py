"""Loss functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import CoreError, ShapeError
from . import checks
from .base import Array, Op
from .softmax import check_axis, log_softmax

REDUCTIONS = ("mean", "sum", "none")


def _reduce(losses: Array, reduction: str) -> Array:
    if reduction == "mean":
        return np.asarray(losses.mean())
    return np.asarray(losses.sum()) if reduction == "sum" else losses


def check_reduction(name: str, reduction: str, size: int) -> None:
    """Check the name of a reduction, and that there is something to reduce."""
    if reduction not in REDUCTIONS:
        raise CoreError(
            f"{name}: the reduction is one of {', '.join(REDUCTIONS)}, but was given {reduction!r}"
        )
    if size == 0:
        raise ShapeError(f"{name}: the batch is empty")


@dataclass(frozen=True, slots=True)
class CrossEntropy(Op):
    """Negative log-likelihood of the labels, with label smoothing.

    With ε = ``label_smooth``, K classes and log-probabilities ℓ: -(1 - ε) ℓ[label] - ε/K Σ ℓ
    (Szegedy et al., "Rethinking the Inception architecture", 2015, section 7).

    Shapes: prediction with the classes along ``axis``; whole-numbered labels of the prediction's
    shape without that axis. ``with_logits=False`` takes probabilities instead of logits.
    """

    name: ClassVar[str] = "cross_entropy"
    axis: int = 1
    with_logits: bool = True
    label_smooth: float = 0.0
    reduction: str = "mean"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        prediction, label = inputs
        axis = self._check(prediction, label)
        index = np.expand_dims(label.astype(np.intp, copy=False), axis)
        logs = log_softmax(prediction, axis) if self.with_logits else np.log(prediction)
        losses = -np.take_along_axis(logs, index, axis).squeeze(axis)
        if self.label_smooth:
            losses = (1.0 - self.label_smooth) * losses - self.label_smooth * logs.mean(axis)
        # The gradient needs probabilities in both cases. exp(logs) is the prediction itself without
        # logits; saving `logs` alone keeps one array alive instead of two.
        return _reduce(losses, self.reduction), (logs, index, axis)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        logs, index, axis = saved
        target = np.full_like(logs, self.label_smooth / logs.shape[axis])
        on_label = 1.0 - self.label_smooth + self.label_smooth / logs.shape[axis]
        np.put_along_axis(target, index, on_label, axis)
        probability = np.exp(logs)
        if self.with_logits:
            slope = probability - target
        else:  # a class of probability 0 without target has slope 0, not 0 / 0
            slope = np.zeros_like(logs)
            np.divide(-target, probability, out=slope, where=target != 0.0)
        if self.reduction == "none":
            return slope * np.expand_dims(grad, axis), None
        return slope * (grad / index.size if self.reduction == "mean" else grad), None

    def _check(self, prediction: Array, label: Array) -> int:
        axis = check_axis(self.name, prediction, self.axis)
        expected = prediction.shape[:axis] + prediction.shape[axis + 1 :]
        if label.shape != expected:
            raise ShapeError(
                f"cross_entropy: the labels have shape {label.shape}; a prediction of shape "
                f"{prediction.shape} with its classes along axis {axis} needs {expected}"
            )
        if label.dtype.kind not in "iu":
            raise CoreError(f"cross_entropy: labels are whole numbers, but are {label.dtype}")
        checks.fraction(self.name, "label_smooth", self.label_smooth)
        check_reduction(self.name, self.reduction, label.size)
        classes = prediction.shape[axis]
        wrong = np.argwhere((label < 0) | (label >= classes))
        if len(wrong):
            place = tuple(int(i) for i in wrong[0])
            raise CoreError(
                f"cross_entropy: the label at {place} is {label[place]}; "
                f"with {classes} classes it must be 0 to {classes - 1}"
            )
        return axis


@dataclass(frozen=True, slots=True)
class SquareLoss(Op):
    """(prediction - label)²; both have the same shape."""

    name: ClassVar[str] = "square_loss"
    reduction: str = "mean"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        prediction, label = inputs
        checks.floating(self.name, prediction=prediction)
        if prediction.shape != label.shape:
            raise ShapeError(
                f"square_loss: the prediction has shape {prediction.shape}, "
                f"the labels {label.shape}; they must be the same"
            )
        check_reduction(self.name, self.reduction, label.size)
        difference = prediction - label.astype(prediction.dtype, copy=False)
        return _reduce(difference * difference, self.reduction), (difference, label.dtype)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        difference, label_dtype = saved
        scale = 2.0 / difference.size if self.reduction == "mean" else 2.0
        slope = difference * (grad * scale)
        d_label = (-slope).astype(label_dtype, copy=False) if needs[1] else None
        return slope if needs[0] else None, d_label
