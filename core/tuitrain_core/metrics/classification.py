"""Metrics of class scores: the share of right guesses, and the perplexity."""

from __future__ import annotations

import math

import numpy as np

from ..errors import CoreError, ShapeError
from ..ops.base import Array
from .base import Metric

NO_CLASS = -1
"""The guess where an output is NaN; no target has this number."""


def predict_classes(outputs: Array, axis: int = 1) -> Array:
    """Return the class with the highest output; -1 where one is NaN.

    argmax would return the NaN's index.
    """
    return np.where(np.isnan(outputs).any(axis=axis), NO_CLASS, outputs.argmax(axis=axis))


def class_axis(outputs: Array, targets: Array) -> int:
    """Return the axis of the classes: 1, as in `cross_entropy`, or else the last.

    Parameters
    ----------
    outputs : (N, K), (N, K, ...) or (N, ..., K)
    targets : whole numbers, of ``outputs``' shape without the classes

    Raises
    ------
    ShapeError : the shapes do not fit
    CoreError : the targets are not whole numbers
    """
    if targets.dtype.kind not in "biu":
        raise CoreError(f"class targets must be whole numbers, but are {targets.dtype}")
    if outputs.ndim >= 2:
        if outputs.shape[:1] + outputs.shape[2:] == targets.shape:
            return 1
        if outputs.shape[:-1] == targets.shape:
            return outputs.ndim - 1
    raise ShapeError(
        f"outputs {outputs.shape} do not fit targets {targets.shape}: for targets (N, ...) they "
        "are (N, K, ...) or (N, ..., K), with a number for each of K classes"
    )


class ShareOfRight(Metric):
    """The base of metrics that say which targets are guessed right."""

    is_share = True

    def __init__(self) -> None:
        self._right = 0
        self._count = 0

    def is_right(self, outputs: Array, targets: Array) -> Array:
        """Return for each target whether it is guessed right: booleans of ``targets``' shape."""
        raise NotImplementedError

    def update(self, outputs: Array, targets: Array) -> None:
        """Count the right guesses."""
        self._right += int(np.count_nonzero(self.is_right(outputs, targets)))
        self._count += targets.size

    def compute(self) -> float:
        """Return the share."""
        return self._right / self._count if self._count else math.nan


class Accuracy(ShareOfRight):
    """The share of targets that are guessed; a guess is wrong where an output is NaN.

    Two classes with one output for both are a CoreError: see `BinaryAccuracy`.
    """

    name = "accuracy"

    def is_right(self, outputs: Array, targets: Array) -> Array:
        """See `ShareOfRight.is_right`."""
        axis = class_axis(outputs, targets)
        if outputs.shape[axis] == 1 and targets.any():
            raise CoreError(
                f"the accuracy needs an output for each class, but the outputs {outputs.shape} "
                f"have one, and a target is class {targets.max()}; with the losses "
                "binary_cross_entropy and hinge one output is enough; test_loss needs no classes"
            )
        return predict_classes(outputs, axis) == targets


class BinaryAccuracy(ShareOfRight):
    """The share of targets of two classes that are guessed, with one output for each target.

    The guess is the second class where the output is above 0, as the outputs of the losses
    binary_cross_entropy (logits) and hinge are read. A NaN output is a wrong guess.

    Parameters
    ----------
    first : the target of the first class: 0, or -1 for hinge; that of the second is 1
    """

    name = "accuracy"

    def __init__(self, first: int = 0) -> None:
        super().__init__()
        self._first = first

    def is_right(self, outputs: Array, targets: Array) -> Array:
        """Return where outputs are on the side of their targets; axes of size 1 may differ.

        Raises
        ------
        ShapeError : there is not one output for each target
        CoreError : a target is neither of the two classes
        """
        if [size for size in outputs.shape if size != 1] != [s for s in targets.shape if s != 1]:
            raise ShapeError(
                f"outputs {outputs.shape} do not fit targets {targets.shape}: both have a number "
                "for each value"
            )
        outputs = outputs.reshape(targets.shape)
        other = targets[(targets != self._first) & (targets != 1)]
        if other.size:
            raise CoreError(
                f"the accuracy needs the targets {self._first} and 1, but one is {other.flat[0]:g}"
            )
        return ((outputs > 0) == (targets == 1)) & ~np.isnan(outputs)


class Top5(ShareOfRight):
    """The share of targets among the five classes with the highest outputs.

    Of equal outputs the lower class comes first, as in `Accuracy`. A NaN output is a wrong guess,
    and so is any for a class without an output.
    """

    name = "top5"

    def is_right(self, outputs: Array, targets: Array) -> Array:
        """Return where fewer than five classes come before the target."""
        scores = np.moveaxis(outputs, class_axis(outputs, targets), -1)
        has_output = (targets >= 0) & (targets < scores.shape[-1])
        known = np.where(has_output, targets, 0).astype(np.int64)
        own = np.take_along_axis(scores, known[..., None], -1)
        is_lower_class = np.arange(scores.shape[-1]) < targets[..., None]
        before = (scores > own) | ((scores == own) & is_lower_class)
        return has_output & (before.sum(axis=-1) < 5) & ~np.isnan(scores).any(axis=-1)


class Perplexity(Metric):
    """The exponential of the mean negative log-likelihood of the targets; outputs are logits.

    A class without an output is a CoreError.
    """

    name = "perplexity"
    larger_is_better = False

    def __init__(self) -> None:
        self._total = 0.0
        self._count = 0

    def update(self, outputs: Array, targets: Array) -> None:
        """Add the negative log-likelihoods of a batch."""
        scores = np.moveaxis(outputs, class_axis(outputs, targets), -1).astype(np.float64)
        wrong = targets[(targets < 0) | (targets >= scores.shape[-1])]
        if wrong.size:
            raise CoreError(
                f"the perplexity needs an output for each class, but class {wrong.flat[0]} has "
                f"none; there are {scores.shape[-1]}"
            )
        own = np.take_along_axis(scores, targets[..., None].astype(np.int64), -1)[..., 0]
        with np.errstate(invalid="ignore"):  # infinite logits give NaN, which is shown
            top = scores.max(axis=-1, keepdims=True)
            norms = np.log(np.exp(scores - top).sum(axis=-1)) + top[..., 0]
            self._total += float((norms - own).sum())
        self._count += targets.size

    def compute(self) -> float:
        """Return the perplexity; infinite where a float64 has no room for it."""
        if not self._count:
            return math.nan
        with np.errstate(over="ignore"):
            return float(np.exp(np.float64(self._total / self._count)))
