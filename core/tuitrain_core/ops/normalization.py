"""Batch normalization of channels.

Source: Ioffe and Szegedy, "Batch normalization", 2015. Inputs are (N, C), (N, C, L) or
(N, C, H, W); values per channel are C elements in any shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op


def _check(x: Array, per_channel: dict[str, Array], eps: float) -> None:
    if x.ndim < 2:
        raise ShapeError(f"batch_norm: the input has shape {x.shape}; it must be (N, C, ...)")
    checks.floating("batch_norm", input=x, **per_channel)
    checks.not_negative("batch_norm", "eps", eps)
    for label, array in per_channel.items():
        if array.size != x.shape[1]:
            raise ShapeError(
                f"batch_norm: the input has {x.shape[1]} channels, "
                f"the {label} of shape {array.shape} {array.size}"
            )


def check_count(shape: tuple[int, ...], count: int) -> None:
    """Check that the channels of a batch have a variance.

    Parameters
    ----------
    shape : of the input
    count : the values of each channel

    Raises
    ------
    ShapeError : there is one value, or none
    """
    if count < 2:
        raise ShapeError(
            "batch_norm: in training each channel needs at least 2 values to have a variance; the "
            f"shape {shape} has {count}; a last batch of one sample needs another batch size, or "
            "DataLoader(drop_last=True)"
        )


def _per_channel(per_channel: Array, x: Array) -> Array:
    """Return values per channel in a shape that broadcasts against x."""
    return per_channel.reshape(1, -1, *[1] * (x.ndim - 2))


def _others(x: Array) -> tuple[int, ...]:
    """Return all axes except the channels'."""
    return (0, *range(2, x.ndim))


def exact_mean(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    """Return the mean over some axes, which are kept with size 1.

    Without ``eps`` the mean of equal numbers is exactly that number. With a rounding error, values
    without variance would give some number instead of 0 / 0, which is NaN.
    """
    mean = x.mean(axes, keepdims=True)
    if eps == 0:
        largest = x.max(axes, keepdims=True)
        mean = np.where(largest == x.min(axes, keepdims=True), largest, mean)
    return mean


@dataclass(frozen=True, slots=True)
class BatchNormTraining(Op):
    """Normalization by the batch's own mean and biased variance.

    Inputs: x, weight, bias, running mean, running variance. The running statistics are overwritten,
    as no other input of an operation is: r ← momentum · r + (1 - momentum) · batch, the variance as
    its unbiased estimate.
    """

    name: ClassVar[str] = "batch_norm"
    momentum: float = 0.9
    eps: float = 1e-5

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, weight, bias, running_mean, running_var = inputs
        count = self._check(x, weight, bias, running_mean, running_var)
        mean = exact_mean(x, _others(x), self.eps)
        normal = x - mean
        var = (normal * normal).mean(_others(x), keepdims=True)
        inverse = 1.0 / np.sqrt(var + self.eps)
        normal *= inverse
        self._update_running(running_mean, mean)
        self._update_running(running_var, var * (count / (count - 1)))
        output = normal * _per_channel(weight, x)
        output += _per_channel(bias, x)
        return output, (normal, inverse, weight, bias)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        normal, inverse, weight, bias = saved
        others = _others(normal)
        d_bias = grad.sum(others, keepdims=True)
        d_weight = (grad * normal).sum(others, keepdims=True)
        d_x = None
        if needs[0]:
            count = normal.size // normal.shape[1]
            d_x = normal * (d_weight / -count)
            d_x += grad
            d_x -= d_bias / count
            d_x *= inverse * _per_channel(weight, normal)
        return (
            d_x,
            d_weight.reshape(weight.shape) if needs[1] else None,
            d_bias.reshape(bias.shape) if needs[2] else None,
            None,
            None,
        )

    def _update_running(self, running: Array, batch: Array) -> None:
        running *= self.momentum
        running += (1.0 - self.momentum) * batch.reshape(running.shape)

    def _check(self, x: Array, weight: Array, bias: Array, mean: Array, var: Array) -> int:
        """Return the number of values of each channel."""
        arrays = {"weight": weight, "bias": bias, "running mean": mean, "running variance": var}
        _check(x, arrays, self.eps)
        checks.unit_interval(self.name, "momentum", self.momentum)
        count = x.size // x.shape[1] if x.shape[1] else 0
        check_count(x.shape, count)
        return count


@dataclass(frozen=True, slots=True)
class BatchNormInference(Op):
    """Normalization by a constant mean and variance. Inputs as for training."""

    name: ClassVar[str] = "batch_norm"
    eps: float = 1e-5

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, weight, bias, mean, var = inputs
        arrays = {"weight": weight, "bias": bias, "running mean": mean, "running variance": var}
        _check(x, arrays, self.eps)
        inverse = _per_channel(1.0 / np.sqrt(var + self.eps), x)
        normal = x - _per_channel(mean, x)
        normal *= inverse
        output = normal * _per_channel(weight, x)
        output += _per_channel(bias, x)
        return output, (normal, inverse, weight, bias)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        normal, inverse, weight, bias = saved
        others = _others(normal)
        return (
            grad * (inverse * _per_channel(weight, normal)) if needs[0] else None,
            (grad * normal).sum(others).reshape(weight.shape) if needs[1] else None,
            grad.sum(others).reshape(bias.shape) if needs[2] else None,
            None,
            None,
        )
