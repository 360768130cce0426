"""The data of all peers: noise with labels, the same bytes for each.

Noise cannot be learned quickly, so that losses and gradients do not become denormal numbers, which
slow arithmetic down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .networks import CLASSES, IMAGE_SIDE, Convolution, Layer

MEAN, STD = 0.1307, 0.3081

LEARNING_RATES = {"sgd": 1e-3, "adam": 1e-4}

Weights: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A layer's weight and bias."""

Shape: TypeAlias = tuple[int, int, int]
"""Channels, height and width."""


def samples(
    count: int, shape: Shape = (1, IMAGE_SIDE, IMAGE_SIDE)
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return images, uint8 (N, C, H, W), and labels, int32 (N,)."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, *shape), np.uint8)
    return images, generator.integers(0, CLASSES, count, np.int32)


def batches(
    count: int, size: int, shape: Shape = (1, IMAGE_SIDE, IMAGE_SIDE)
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return whole, normalized batches: images (K, B, C, H, W), and labels (K, B)."""
    images, labels = samples(max(count, size), shape)
    whole = len(images) // size
    scaled = images[: whole * size].astype(np.float32)
    scaled *= np.float32(1 / (255 * STD))
    scaled -= np.float32(MEAN / STD)
    return scaled.reshape(whole, size, *shape), labels[: whole * size].reshape(whole, size)


def initial_weights(layers: Sequence[Layer]) -> list[Weights]:
    """Return the initial weights of all peers: (out, in) or (out, in, k, k), and biases."""
    generator = np.random.default_rng(1)
    layer_weights = []
    for layer in layers:
        taps = (layer.kernel, layer.kernel) if isinstance(layer, Convolution) else ()
        shape = (layer.outputs, layer.inputs, *taps)
        scale = float(np.prod(shape[1:])) ** -0.5
        weight = generator.uniform(-scale, scale, shape).astype(np.float32)
        bias = generator.uniform(-scale, scale, layer.outputs).astype(np.float32)
        layer_weights.append((weight, bias))
    return layer_weights


def adam_matrices(parameters: int) -> tuple[int, Any]:
    """Return the side of ten square matrices with ``parameters`` elements, and a generator."""
    return round((parameters / 10) ** 0.5), np.random.default_rng(0)
