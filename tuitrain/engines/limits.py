"""The limits that environment variables set to an engine: threads, and memory for kept outputs."""

from __future__ import annotations

import os
from typing import Final

from tuitrain.errors import RefusedError
from tuitrain_core.compiler import MAX_THREADS

THREADS_VARIABLE: Final = "TUITRAIN_THREADS"
CACHE_VARIABLE: Final = "TUITRAIN_CACHE_MB"
DEFAULT_CACHE_MB: Final = 512
MEGABYTE: Final = 1 << 20


def max_threads() -> int:
    """Return how many threads may share a step: two, or the value of `THREADS_VARIABLE`.

    Raises
    ------
    RefusedError : it does not say a whole number from 1 to `MAX_THREADS`
    """
    text = os.environ.get(THREADS_VARIABLE, "")
    if text:
        if text.isdecimal() and 1 <= int(text) <= MAX_THREADS:
            return int(text)
        raise RefusedError(
            f"{THREADS_VARIABLE} takes a whole number from 1 to {MAX_THREADS}, but is {text!r}"
        )
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)


def cache_limit() -> int:
    """Return the bytes that kept outputs of frozen layers may take; 0: none are kept.

    It is the value of `CACHE_VARIABLE` in megabytes, or the default.

    Raises
    ------
    RefusedError : it does not say a whole number of 0 or more
    """
    text = os.environ.get(CACHE_VARIABLE, "") or str(DEFAULT_CACHE_MB)
    if not text.isdecimal():
        raise RefusedError(
            f"{CACHE_VARIABLE} takes a whole number of megabytes, 0 or more, but is {text!r}"
        )
    return int(text) * MEGABYTE
