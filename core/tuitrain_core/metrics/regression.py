"""Metrics of numbers: the errors, and the share of the variance that is explained."""

from __future__ import annotations

import math

import numpy as np

from ..errors import ShapeError
from ..ops.base import Array
from .base import Metric


def _as_float64(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """Return both in float64 and in one shape; axes of one element may differ.

    Without this, (N, 1) outputs and (N,) targets would be broadcast to (N, N).

    Raises
    ------
    ShapeError : the shapes do not fit
    """
    if [size for size in outputs.shape if size != 1] != [s for s in targets.shape if s != 1]:
        raise ShapeError(
            f"outputs {outputs.shape} do not fit targets {targets.shape}: both have a number for "
            "each value"
        )
    shape = targets.shape if targets.ndim >= outputs.ndim else outputs.shape
    return outputs.reshape(shape).astype(np.float64), targets.reshape(shape).astype(np.float64)


class _ErrorMean(Metric):
    """The base of means over all values."""

    larger_is_better = False

    def __init__(self) -> None:
        self._total = 0.0
        self._count = 0

    def update(self, outputs: Array, targets: Array) -> None:
        """Add the errors of a batch."""
        values, right = _as_float64(outputs, targets)
        with np.errstate(invalid="ignore", over="ignore"):
            self._total += self._sum(values - right)
        self._count += right.size

    def _sum(self, errors: Array) -> float:
        return float(np.square(errors).sum())

    def compute(self) -> float:
        """Return the mean."""
        return self._total / self._count if self._count else math.nan


class MAE(_ErrorMean):
    """The mean absolute error, over all values."""

    name = "mae"

    def _sum(self, errors: Array) -> float:
        return float(np.abs(errors).sum())


class MSE(_ErrorMean):
    """The mean squared error, over all values."""

    name = "mse"


class RMSE(_ErrorMean):
    """The root of the mean squared error, in the targets' unit."""

    name = "rmse"

    def compute(self) -> float:
        """Return the root of the mean."""
        return math.sqrt(super().compute())


class R2(Metric):
    """The coefficient of determination: 1 - Σ (target - output)² / Σ (target - mean)².

    Targets with several values have a mean for each; the sums are over all of them. NaN if all
    targets are equal. The squares about the mean are merged batch by batch (Chan et al., "Updating
    formulae and a pairwise algorithm for computing sample variances", 1979).
    """

    name = "r2"

    def __init__(self) -> None:
        self._residual = 0.0
        self._count = 0
        self._mean: Array | float = 0.0
        self._squares: Array | float = 0.0

    def update(self, outputs: Array, targets: Array) -> None:
        """Add the squares of a batch."""
        values, right = _as_float64(outputs, targets)
        with np.errstate(invalid="ignore", over="ignore"):
            self._residual += float(np.square(right - values).sum())
            mean = right.mean(axis=0)
            delta = mean - self._mean
            count, total = len(right), self._count + len(right)
            self._squares = (
                self._squares
                + np.square(right - mean).sum(axis=0)
                + np.square(delta) * (self._count * count / total)
            )
            self._mean = self._mean + delta * (count / total)
        self._count = total

    def compute(self) -> float:
        """Return the coefficient."""
        variation = float(np.sum(self._squares))
        return 1.0 - self._residual / variation if variation else math.nan
