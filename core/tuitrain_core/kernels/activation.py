"""Elementwise functions that NumPy does not have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .jit import kernel

Array = np.ndarray[Any, Any]


@kernel
def normal_cdf(x: Array, output: Array) -> None:
    """Set output[i] to the standard normal distribution function of x[i].

    Computed with erfc, which keeps its relative precision for large negative x, where 1 + erf(x)
    is 0.
    """
    half = x.dtype.type(0.5)
    scale = x.dtype.type(-math.sqrt(0.5))
    for i in range(x.size):
        output[i] = half * math.erfc(x[i] * scale)
