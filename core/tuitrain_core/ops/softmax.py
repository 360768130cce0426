"""Softmax and log-softmax along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op


def check_axis(name: str, x: Array, axis: int) -> int:
    """Check the dtype and that there is a class; return the axis counted from the front."""
    checks.floating(name, input=x)
    axis = checks.axis(name, x, axis)
    if x.shape[axis] == 0:
        raise ShapeError(f"{name}: there is no class along axis {axis} of the shape {x.shape}")
    return axis


def log_softmax(x: Array, axis: int) -> Array:
    """Return x - log Σ exp x, shifted by the maximum against overflow."""
    shifted = x - x.max(axis, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis, keepdims=True))
    return shifted


@dataclass(frozen=True, slots=True)
class Softmax(Op):
    """exp x / Σ exp x."""

    name: ClassVar[str] = "softmax"
    axis: int = -1

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        axis = check_axis(self.name, x, self.axis)
        output = np.exp(x - x.max(axis, keepdims=True))
        output /= output.sum(axis, keepdims=True)
        return output, output

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (saved * (grad - (grad * saved).sum(self.axis, keepdims=True)),)


@dataclass(frozen=True, slots=True)
class LogSoftmax(Op):
    """x - log Σ exp x."""

    name: ClassVar[str] = "logsoftmax"
    axis: int = -1

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        (x,) = inputs
        output = log_softmax(x, check_axis(self.name, x, self.axis))
        return output, output

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        return (grad - np.exp(saved) * grad.sum(self.axis, keepdims=True),)
