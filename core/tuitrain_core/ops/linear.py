"""Matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op
from .elementwise import unbroadcast


@dataclass(frozen=True, slots=True)
class MatMul(Op):
    """The matrix product of the last two axes; axes in front of them are broadcast.

    A left operand with one axis is a row, a right one a column; the output lacks their axis.
    """

    name: ClassVar[str] = "matmul"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        a, b = inputs
        checks.floating(self.name, left=a, right=b)
        try:
            return np.asarray(np.matmul(a, b)), (a, b)
        except ValueError as error:
            raise ShapeError(f"matmul: the shapes {a.shape} and {b.shape} do not fit") from error

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        a, b = saved
        left = a[np.newaxis, :] if a.ndim == 1 else a
        right = b[:, np.newaxis] if b.ndim == 1 else b
        if b.ndim == 1:
            grad = np.expand_dims(grad, -1)
        if a.ndim == 1:
            grad = np.expand_dims(grad, -2)
        d_left = d_right = None
        if needs[0]:
            d_left = unbroadcast(np.matmul(grad, right.swapaxes(-1, -2)), left).reshape(a.shape)
        if needs[1]:
            d_right = unbroadcast(np.matmul(left.swapaxes(-1, -2), grad), right).reshape(b.shape)
        return d_left, d_right


def _rows(x: Array) -> Array:
    """Merge all axes but the last; the size is computed, because -1 fails without features."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


@dataclass(frozen=True, slots=True)
class Linear(Op):
    """x @ weightᵀ + bias.

    Shapes: x (..., in), weight (out, in), optionally bias (out,); output (..., out).
    """

    name: ClassVar[str] = "linear"

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, weight, *bias = inputs
        self._check(x, weight, *bias)
        rows = _rows(x)
        output = rows @ weight.T
        if bias:
            output += bias[0]
        return output.reshape(*x.shape[:-1], weight.shape[0]), (x, weight)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        x, weight = saved
        grads = _rows(grad)
        d_x = (grads @ weight).reshape(x.shape) if needs[0] else None
        d_weight = grads.T @ _rows(x) if needs[1] else None
        if len(needs) == 2:
            return d_x, d_weight
        return d_x, d_weight, grads.sum(0) if needs[2] else None

    def _check(self, x: Array, weight: Array, bias: Array | None = None) -> None:
        checks.axes(self.name, "weight", weight, 2, "(out, in)")
        checks.floating(
            self.name, input=x, weight=weight, **({} if bias is None else {"bias": bias})
        )
        if x.ndim == 0 or x.shape[-1] != weight.shape[1]:
            raise ShapeError(
                f"linear: the input of shape {x.shape} ends in {x.shape[-1:] or 'nothing'}, "
                f"the weight {weight.shape} takes {weight.shape[1]}"
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise ShapeError(f"linear: the bias has shape {bias.shape}, not {weight.shape[:1]}")
