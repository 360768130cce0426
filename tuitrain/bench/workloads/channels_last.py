"""Weights as those lay them out whose images have their channels last (NHWC), and back.

A linear layer is (in, out) there, and one above a convolution reads height, width, channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .networks import Convolution, Layer

Array = NDArray[Any]


def taps_first(weight: Array) -> Array:
    """Return a convolution's weight (out, in, k, k) as (k, k, in, out)."""
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0))


def from_taps_first(weight: Array) -> Array:
    """Return a convolution's weight (k, k, in, out) as (out, in, k, k)."""
    return weight.transpose(3, 2, 0, 1)


def inputs_first(weight: Array, below: Layer | None) -> Array:
    """Return a linear layer's weight (out, in) as (in, out), for the layer that is below it."""
    if not isinstance(below, Convolution):
        return np.ascontiguousarray(weight.T)
    side = below.side_after
    maps = weight.reshape(len(weight), below.outputs, side, side)
    return maps.transpose(2, 3, 1, 0).reshape(-1, len(weight))


def from_inputs_first(weight: Array, below: Layer | None) -> Array:
    """Return a linear layer's weight (in, out) as (out, in), for the layer that is below it."""
    if not isinstance(below, Convolution):
        return weight.T
    side, outputs = below.side_after, weight.shape[1]
    maps = weight.reshape(side, side, below.outputs, outputs)
    return maps.transpose(3, 2, 0, 1).reshape(outputs, -1)


def below(layers: Sequence[Layer]) -> list[Layer | None]:
    """Return for every layer the one that is below it; None for the lowest."""
    return [None, *layers[:-1]]
