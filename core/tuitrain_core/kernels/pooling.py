"""Maximum over windows of an image, and its gradient."""

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
    """Set output[m, h, w] to the largest pixel of its window, chosen[m, h, w] to its index.

    The first of equal pixels in row-major order is chosen. NaN is larger than every number; the
    last of several is chosen.
    Shapes: images (M, H, W), output and chosen (M, OH, OW); an index counts within one image.
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
                best_index = np.uintp(top * W + left)
                best = image[best_index]
                for i in range(top, bottom):
                    for j in range(left, right):
                        index = np.uintp(i * W + j)
                        value = image[index]
                        larger = (value > best) | np.isnan(value)
                        best = value if larger else best
                        best_index = index if larger else best_index
                output[m, h, w] = best
                chosen[m, h, w] = best_index


@kernel
def scatter_add(grad: Array, chosen: Array, images: Array) -> None:
    """Add grad[m, h, w] to the pixel chosen[m, h, w] of image m.

    Shapes: grad and chosen (M, P), images (M, H·W).
    """
    M, P = grad.shape
    for m in range(M):
        for p in range(P):
            images[m, chosen[m, p]] += grad[m, p]
