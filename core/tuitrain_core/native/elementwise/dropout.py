"""Dropout: rows of floats, each element kept or not by a random word of its own."""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir

from ..ir.builder import INT32, Builder, Value
from ..ir.loops import for_each_row_vector
from ..runtime.library import Kernel, get_kernel

_DIGITS = 24
"""Bits of a word that make a float in [0, 1): the upper ones, as NumPy's generators do it."""


def dropout(features: int, x_pitch: int, y_pitch: int, drop_prob: float) -> Kernel:
    """Return y = x / (1 - drop_prob) where an element is kept, and x · 0 elsewhere.

    An element is kept if its word, as a float in [0, 1), is at least ``drop_prob``. The gradient
    of x is the same of that of y. Arguments: x, words (dense rows of 32 bits), y, first, last.
    """
    return get_kernel(_dropout, 5, features, x_pitch, y_pitch, float(drop_prob))


def _dropout(k: Builder, features: int, x_pitch: int, y_pitch: int, drop_prob: float) -> None:
    x, words, y, first, last = k.arguments
    kind = ir.VectorType(INT32, k.lanes)
    # The float of a word's upper bits u is u / 2²⁴, exactly; and u is a whole number.
    least = math.ceil(float(np.float32(drop_prob)) * (1 << _DIGITS))
    scale = k.constant(1.0 / (1.0 - drop_prob))

    def part(row: Value, offset: Value, mask: object) -> None:
        word = k.ir.bitcast(k.load(k.at(words, k.mul(row, features)), offset, mask), kind)
        upper = k.ir.lshr(word, ir.Constant(kind, [32 - _DIGITS] * k.lanes))
        keep = k.ir.icmp_signed(">=", upper, ir.Constant(kind, [least] * k.lanes))
        # A product, so that what is not finite stays in sight.
        factor = k.ir.select(keep, scale, k.zero)
        value = k.load(k.at(x, k.mul(row, x_pitch)), offset, mask)
        k.store(k.ir.fmul(value, factor), k.at(y, k.mul(row, y_pitch)), offset, mask)

    for_each_row_vector(k, first, last, features, part)
