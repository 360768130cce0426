"""Losses that compare each output with its target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op


@dataclass(frozen=True, slots=True)
class PointwiseLoss(Op):
    """The mean over all elements of a loss of outputs and targets, which have the same shape.

    A subclass has the loss of an element and its derivatives in `_compare`.
    """

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        outputs, targets = inputs
        checks.floating(self.name, outputs=outputs, targets=targets)
        if outputs.shape != targets.shape:
            raise ShapeError(
                f"{self.name}: the outputs have shape {outputs.shape}, the targets "
                f"{targets.shape}; they must be the same"
            )
        if outputs.size == 0:
            raise ShapeError(f"{self.name}: the batch is empty")
        losses, *slopes = self._compare(outputs, targets)
        return np.asarray(losses.mean()), slopes

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return tuple(
            slope * (grad / slope.size) if needed else None
            for slope, needed in zip(saved, needs, strict=True)
        )

    def _compare(self, outputs: Array, targets: Array) -> tuple[Array, Array, Array]:
        """Return the losses, and their derivatives by the outputs and by the targets."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class AbsoluteLoss(PointwiseLoss):
    """mean |outputs - targets|; the derivative at 0 is 0."""

    name: ClassVar[str] = "absolute_loss"

    def _compare(self, outputs: Array, targets: Array) -> tuple[Array, Array, Array]:
        difference = outputs - targets
        sign = np.sign(difference)
        return np.abs(difference), sign, -sign


@dataclass(frozen=True, slots=True)
class BinaryCrossEntropy(PointwiseLoss):
    """mean max(x, 0) - x y + log(1 + exp(-|x|)) for logits x and targets y from 0 to 1."""

    name: ClassVar[str] = "binary_cross_entropy"

    def _compare(self, outputs: Array, targets: Array) -> tuple[Array, Array, Array]:
        tail = np.exp(-np.abs(outputs))
        losses = np.maximum(outputs, 0) - outputs * targets + np.log1p(tail)
        sigmoid = np.where(outputs > 0, 1 / (1 + tail), tail / (1 + tail))
        return losses, sigmoid - targets, -outputs


@dataclass(frozen=True, slots=True)
class HingeLoss(PointwiseLoss):
    """mean max(0, 1 - y x) for outputs x and targets y of -1 and 1."""

    name: ClassVar[str] = "hinge_loss"

    def _compare(self, outputs: Array, targets: Array) -> tuple[Array, Array, Array]:
        margin = 1 - targets * outputs
        positive = (margin > 0).astype(outputs.dtype)
        return np.maximum(margin, 0), -targets * positive, -outputs * positive
