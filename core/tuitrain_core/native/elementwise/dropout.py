"""Dropout of rows of floats: a random word per element decides whether the element is kept."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir

from ..ir.builder import INT32, Builder, Value
from ..ir.loops import for_each_row_vector
from ..runtime.library import Kernel, get_kernel

_DIGITS = 24
"""The upper bits of a word that form a float in [0, 1), as in NumPy's generators."""


def dropout(features: int, x_stride: int, y_stride: int, drop_prob: float) -> Kernel:
    """Return the kernel y = x / (1 - drop_prob) for kept elements, and x · 0 for the others.

    An element is kept if its word, as a float in [0, 1), is at least ``drop_prob``. The same kernel
    turns the gradient of y into that of x. Arguments: x, words (dense rows of 32 bits), y, first,
    last (rows).
    """
    return get_kernel(_dropout, 5, features, x_stride, y_stride, float(drop_prob))


def _dropout(k: Builder, features: int, x_stride: int, y_stride: int, drop_prob: float) -> None:
    x, words, y, first, last = k.arguments
    kind = ir.VectorType(INT32, k.lanes)
    # The upper bits u stand for u / 2²⁴ exactly, and u is an integer.
    min_kept = math.ceil(float(np.float32(drop_prob)) * (1 << _DIGITS))
    scale = k.constant(1.0 / (1.0 - drop_prob))

    def part(row: Value, offset: Value, mask: object) -> None:
        word = k.ir.bitcast(k.load(k.at(words, k.mul(row, features)), offset, mask), kind)
        upper = k.ir.lshr(word, ir.Constant(kind, [32 - _DIGITS] * k.lanes))
        keep = k.ir.icmp_signed(">=", upper, ir.Constant(kind, [min_kept] * k.lanes))
        # A product, so that NaN and inf are not hidden.
        factor = k.ir.select(keep, scale, k.zero)
        value = k.load(k.at(x, k.mul(row, x_stride)), offset, mask)
        k.store(k.ir.fmul(value, factor), k.at(y, k.mul(row, y_stride)), offset, mask)

    for_each_row_vector(k, first, last, features, part)
