"""The kernels that are timed to choose each attribute of `Tiles`.

Their sizes are those of small networks: a call takes about 50 microseconds, and is limited by the
multiplications.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ... import aligned
from ..conv import convolution
from ..ir.host import Host
from ..linalg import linear
from ..runtime.library import Kernel, argument_block
from .timing import Contestant

ROWS, INPUTS, OUTPUTS = 64, 256, 64
STRIDE = 272
"""The distance between two rows of a linear layer's input, in floats."""

IMAGE = convolution.Geometry(8, 16, 16, 24, 3, 3, (1, 1), (1, 1))
"""A convolution whose channels fill three half vectors of 16 lanes, and two whole ones."""

SAMPLES = 4
"""Samples of a convolution that is timed."""

Case: TypeAlias = Callable[[Host], Contestant]
"""Returns a kernel for a processor with certain tiles, with its arguments."""


def dot(target: Host) -> Contestant:
    """Return the forward pass of a linear layer."""
    kernel = linear.forward(INPUTS, OUTPUTS, STRIDE, OUTPUTS, True, True)
    x, weight, bias = _floats(ROWS * STRIDE), _floats(OUTPUTS * INPUTS), _floats(OUTPUTS)
    y = _floats(ROWS * OUTPUTS)
    return _contestant(kernel, target, x, weight, bias, y, ROWS, 0, OUTPUTS)


def product(target: Host) -> Contestant:
    """Return the weight gradient of a linear layer."""
    kernel = linear.weight_gradient(INPUTS, OUTPUTS, OUTPUTS, STRIDE)
    d, x, gradient = _floats(ROWS * OUTPUTS), _floats(ROWS * STRIDE), _floats(OUTPUTS * INPUTS)
    return _contestant(kernel, target, d, x, gradient, ROWS, 0, OUTPUTS)


def halves(target: Host) -> Contestant:
    """Return the forward pass of a convolution."""
    kernel = convolution.forward(IMAGE, relu=True, bias=True, pool=False)
    x = _floats(SAMPLES * IMAGE.PH * IMAGE.PW * IMAGE.C)
    packed, bias = _floats(convolution.packed_size(IMAGE)), _floats(IMAGE.O)
    y = _floats(SAMPLES * IMAGE.OH * IMAGE.OW * IMAGE.O)
    return _contestant(kernel, target, x, packed, bias, y, 0, 0, SAMPLES)


CASES: dict[str, Case] = {"product": product, "dot": dot, "halves": halves}
"""The timed cases for each attribute of `Tiles`."""


def _floats(count: int) -> np.ndarray:
    """Return numbers with which arithmetic is not slower than with others."""
    array = aligned.zeros((count,), np.float32)
    array[:] = 0.5
    return array


def _contestant(kernel: Kernel, target: Host, *arguments: np.ndarray | int) -> Contestant:
    return Contestant(kernel.for_host(target), argument_block(*arguments), arguments)
