"""The data that all peers learn from: noise with labels, the same bytes for everyone.

Nothing can be learned from it quickly, so that no peer ends up with losses and gradients so small
that arithmetic itself gets slow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .networks import CLASSES, SIDE

MEAN, STD = 0.1307, 0.3081

LEARNING_RATES = {"sgd": 1e-3, "adam": 1e-4}


def samples(count: int) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return images, uint8 (N, 1, 28, 28), and labels, int32 (N,)."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, 1, SIDE, SIDE), np.uint8)
    return images, generator.integers(0, CLASSES, count, np.int32)


def batches(count: int, size: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return whole batches, normalised: images (K, B, 1, 28, 28), and labels (K, B)."""
    images, labels = samples(max(count, size))
    whole = len(images) // size
    scaled = images[: whole * size].astype(np.float32)
    scaled *= np.float32(1 / (255 * STD))
    scaled -= np.float32(MEAN / STD)
    return scaled.reshape(whole, size, 1, SIDE, SIDE), labels[: whole * size].reshape(whole, size)


def matrices(parameters: int) -> tuple[int, Any]:
    """Return the side of ten square matrices of so many elements, and a generator to fill them."""
    return round((parameters / 10) ** 0.5), np.random.default_rng(0)
