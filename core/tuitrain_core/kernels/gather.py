"""Gathering a batch: pick rows of the data set in an order, and scale pixels to floats."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from .jit import kernel

Array: TypeAlias = np.ndarray[Any, Any]


@kernel
def gather_scaled(
    pixels: Array, rows: Array, scale: np.float32, shift: np.float32, out: Array
) -> None:
    """Write ``pixels[rows] * scale - shift`` to ``out``.

    Parameters
    ----------
    pixels : uint8 (N, F), C-contiguous
    rows : int64 (B,), each within 0 .. N-1; the caller has checked that
    scale, shift : float32
    out : float32 (B, F), C-contiguous
    """
    for b in range(rows.size):
        source, target = pixels[rows[b]], out[b]
        for i in range(target.size):
            target[i] = np.float32(source[i]) * scale - shift


@kernel
def gather_labels(labels: Array, rows: Array, out: Array) -> None:
    """Write ``labels[rows]`` to ``out``, both int32."""
    for b in range(rows.size):
        out[b] = labels[rows[b]]
