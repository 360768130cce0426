"""How kernels are compiled: the flags are decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function on its first call, or load what an earlier process compiled.

    No ``fastmath``: it lets LLVM drop checks for NaN. ``error_model="numpy"`` drops the test for a
    zero divisor, which otherwise keeps loops from being vectorised. A kernel and what it calls
    stand in one file, because a cached caller does not notice that a callee elsewhere has changed.
    """
    return njit(cache=True, nogil=True, error_model="numpy")(function)
