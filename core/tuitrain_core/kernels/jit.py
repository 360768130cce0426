"""How kernels are compiled: the flags are decided here and nowhere else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_lock = Lock()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function on its first call, or load what an earlier process compiled.

    Numba itself is imported on that call, with all the kernels of the file made ready: it takes a
    third of a second and more, and a recorded step does without.

    No ``fastmath``: it lets LLVM drop checks for NaN. ``error_model="numpy"`` drops the test for a
    zero divisor, which otherwise keeps loops from being vectorised. A kernel and what it calls
    stand in one file, because a cached caller does not notice that a callee elsewhere has changed.
    """
    compiled: list[Callable[P, R]] = []

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not compiled:
            with _lock:
                compiled.append(_ready(function))
        return compiled[0](*args, **kwargs)

    call.__dict__[_WAITING] = function
    return call


_WAITING = "function of a kernel"


def _ready(function: Any) -> Any:
    """Let Numba have a file's kernels, under their names, and return this one's."""
    names = function.__globals__
    for name, each in list(names.items()):
        waiting = getattr(each, "__dict__", {}).get(_WAITING)
        if waiting is not None and waiting.__globals__ is names:
            names[name] = _compiling(waiting)
    return names[function.__name__]


def _compiling(function: Any) -> Any:
    """Return a function that Numba compiles; what it has compiled is kept where that can be."""
    from numba import njit

    from .kernel_cache import KernelCache

    flags = {"nogil": True, "error_model": "numpy"}
    compiled: Any = njit(**flags)(function)
    if compiled is not function:  # as it is with NUMBA_DISABLE_JIT
        with suppress(OSError, TypeError):  # a function that was typed in has no file
            compiled._cache = KernelCache(function, flags)
    return compiled
