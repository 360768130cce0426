"""Maximum over windows of an image, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .jit import kernel

Array = np.ndarray[Any, Any]


@kernel
def max_pool(
    images: Array,
    output: Array,
    chosen: Array,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    padding_h: int,
    padding_w: int,
) -> None:
    """Set output[m, h, w] to the largest pixel of its window, chosen[m, h, w] to where it is.

    Of equal pixels the first in row-major order is chosen; a NaN is larger than every number, and
    of several the last is chosen.
    Shapes: images (M, H, W), output and chosen (M, OH, OW); positions count within one image.
    """
    M, OH, OW = output.shape
    H, W = images.shape[1:]
    for m in range(M):
        image = images[m].reshape(-1)
        for h in range(OH):
            top = max(h * stride_h - padding_h, 0)
            bottom = min(h * stride_h - padding_h + kernel_h, H)
            for w in range(OW):
                left = max(w * stride_w - padding_w, 0)
                right = min(w * stride_w - padding_w + kernel_w, W)
                where = np.uintp(top * W + left)
                best = image[where]
                for i in range(top, bottom):
                    for j in range(left, right):
                        here = np.uintp(i * W + j)
                        value = image[here]
                        larger = (value > best) | np.isnan(value)
                        best = value if larger else best
                        where = here if larger else where
                output[m, h, w] = best
                chosen[m, h, w] = where


@kernel
def scatter_add(grad: Array, chosen: Array, images: Array) -> None:
    """Add grad[m, h, w] to the pixel chosen[m, h, w] of image m.

    Shapes: grad and chosen (M, P), images (M, H·W).
    """
    M, P = grad.shape
    for m in range(M):
        for p in range(P):
            images[m, chosen[m, p]] += grad[m, p]
