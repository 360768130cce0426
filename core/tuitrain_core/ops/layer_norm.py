"""Layer normalization over the last axes of each sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from . import checks
from .base import Array, Op
from .normalization import exact_mean


@dataclass(frozen=True, slots=True)
class LayerNorm(Op):
    """(x - mean) / sqrt(var + eps) · weight + bias, over the last axes, whose sizes are ``sizes``.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016. The variance is the biased one.
    Inputs: x (..., *sizes), and optionally weight and bias, both of shape ``sizes``.
    """

    name: ClassVar[str] = "layer_norm"
    sizes: tuple[int, ...]
    eps: float = 1e-5

    def forward(self, *inputs: Array) -> tuple[Array, Any]:
        x, *affine = inputs
        self._check(x, *affine)
        mean = exact_mean(x, self._last(), self.eps)
        normal = x - mean
        inverse = 1.0 / np.sqrt((normal * normal).mean(self._last(), keepdims=True) + self.eps)
        normal *= inverse
        if not affine:
            return normal, (normal, inverse, None)
        weight, bias = affine
        return normal * weight + bias, (normal, inverse, weight)

    def backward(self, saved: Any, grad: Array, needs: Sequence[bool]) -> tuple[Array | None, ...]:
        normal, inverse, weight = saved
        d_x = None
        if needs[0]:
            d_normal = grad if weight is None else grad * weight
            same = d_normal.mean(self._last(), keepdims=True)
            along = (d_normal * normal).mean(self._last(), keepdims=True)
            d_x = (d_normal - same - normal * along) * inverse
        if weight is None:
            return (d_x,)
        first = tuple(range(grad.ndim - len(self.sizes)))
        d_weight = (grad * normal).sum(first) if needs[1] else None
        return d_x, d_weight, grad.sum(first) if needs[2] else None

    def _last(self) -> tuple[int, ...]:
        return tuple(range(-len(self.sizes), 0))

    def _check(self, x: Array, weight: Array | None = None, bias: Array | None = None) -> None:
        affine = {"weight": weight, "bias": bias}
        present = {label: array for label, array in affine.items() if array is not None}
        checks.floating(self.name, input=x, **present)
        count = len(self.sizes)
        if not count or min(self.sizes) < 1 or x.shape[max(x.ndim - count, 0) :] != self.sizes:
            raise ShapeError(
                f"layer_norm: the input has shape {x.shape}; it must end in {self.sizes}, "
                "of 1 or more sizes of 1 or more"
            )
        for label, array in present.items():
            if array.shape != self.sizes:
                raise ShapeError(
                    f"layer_norm: the {label} has shape {array.shape}; it must be {self.sizes}"
                )
        checks.not_negative(self.name, "eps", self.eps)
