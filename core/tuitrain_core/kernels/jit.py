"""The decorator of kernels, and the flags that Numba compiles them with."""

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
    """Compile a function on its first call, or load the code that an earlier process compiled.

    The first call of a kernel also imports Numba, which takes a third of a second or more, and
    prepares all kernels of the module. Recorded steps do not need Numba.

    No ``fastmath``: it lets LLVM drop checks for NaN. ``error_model="numpy"`` drops the test for a
    zero divisor, which otherwise prevents the vectorization of loops. A kernel and its callees must
    be in one module, because a cached caller does not notice a changed callee elsewhere.
    """
    dispatchers: list[Callable[P, R]] = []

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not dispatchers:
            with _lock:
                dispatchers.append(_dispatcher_of(function))
        return dispatchers[0](*args, **kwargs)

    call.__dict__[_PENDING] = function
    return call


_PENDING = "function of a kernel"


def _dispatcher_of(function: Any) -> Any:
    """Replace all kernels of the function's module by Numba dispatchers; return this one's."""
    names = function.__globals__
    for name, value in list(names.items()):
        pending = getattr(value, "__dict__", {}).get(_PENDING)
        if pending is not None and pending.__globals__ is names:
            names[name] = _make_dispatcher(pending)
    return names[function.__name__]


def _make_dispatcher(function: Any) -> Any:
    """Return a Numba dispatcher whose compiled code is cached on disk, if that is possible."""
    from numba import njit

    from .kernel_cache import KernelCache

    flags = {"nogil": True, "error_model": "numpy"}
    dispatcher: Any = njit(**flags)(function)
    if dispatcher is not function:  # NUMBA_DISABLE_JIT returns the function itself
        with suppress(OSError, TypeError):  # a function from a prompt has no file
            dispatcher._cache = KernelCache(function, flags)
    return dispatcher
