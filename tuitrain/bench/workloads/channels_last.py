"""Conversion of weights between the NCHW and the NHWC layout.

In NHWC a linear weight is (in, out), and the inputs of a linear layer above a convolution are
ordered by height, width, channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .networks import Convolution, Layer

Array = NDArray[Any]


def to_hwio(weight: Array) -> Array:
    """Return a convolution's weight (out, in, k, k) as (k, k, in, out)."""
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0))


def from_hwio(weight: Array) -> Array:
    """Return a convolution's weight (k, k, in, out) as (out, in, k, k)."""
    return weight.transpose(3, 2, 0, 1)


def to_linear_nhwc(weight: Array, below: Layer | None) -> Array:
    """Return a linear weight (out, in) as (in, out), given the layer below it."""
    if not isinstance(below, Convolution):
        return np.ascontiguousarray(weight.T)
    side = below.output_side
    maps = weight.reshape(len(weight), below.outputs, side, side)
    return maps.transpose(2, 3, 1, 0).reshape(-1, len(weight))


def from_linear_nhwc(weight: Array, below: Layer | None) -> Array:
    """Return a linear weight (in, out) as (out, in), given the layer below it."""
    if not isinstance(below, Convolution):
        return weight.T
    side, outputs = below.output_side, weight.shape[1]
    maps = weight.reshape(side, side, below.outputs, outputs)
    return maps.transpose(3, 2, 0, 1).reshape(outputs, -1)


def layers_below(layers: Sequence[Layer]) -> list[Layer | None]:
    """Return the layer below each layer; None for the lowest."""
    return [None, *layers[:-1]]
