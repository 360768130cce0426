"""Times of kernels that compete: their shortest calls, taken in turns."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..runtime.library import Kernel

ROUNDS = 60
"""Calls of each kernel; the shortest of them is one that nothing has interrupted."""

MAX_SECONDS = 0.1
"""Seconds after which no further round begins: on a busy machine, or a slow one."""


@dataclass(frozen=True, eq=False)
class Contestant:
    """A kernel and its arguments.

    Attributes
    ----------
    block : the arguments as the kernel reads them
    arguments : the arrays that the block points to
    """

    kernel: Kernel
    block: np.ndarray
    arguments: Sequence[Any]


def time_kernels(contestants: Sequence[Contestant]) -> list[float]:
    """Return the seconds of the shortest call of each kernel."""
    entry = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    functions = [entry(contestant.kernel.address) for contestant in contestants]
    blocks = [contestant.block.ctypes.data for contestant in contestants]
    shortest = [math.inf] * len(contestants)
    start = time.perf_counter()
    for _ in range(ROUNDS):
        for index, (function, block) in enumerate(zip(functions, blocks, strict=True)):
            before = time.perf_counter()
            function(block)
            shortest[index] = min(shortest[index], time.perf_counter() - before)
        if time.perf_counter() - start > MAX_SECONDS:
            break
    return shortest
