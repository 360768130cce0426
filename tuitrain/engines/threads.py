"""The number of threads that an engine may compute with."""

from __future__ import annotations

import os

from tuitrain.errors import RefusedError
from tuitrain_core.compiler import MAX_THREADS

VARIABLE = "TUITRAIN_THREADS"


def max_threads() -> int:
    """Return how many threads may share a step: two, or the value of `VARIABLE`.

    Raises
    ------
    RefusedError : it does not say a whole number from 1 to `MAX_THREADS`
    """
    text = os.environ.get(VARIABLE, "")
    if text:
        if text.isdecimal() and 1 <= int(text) <= MAX_THREADS:
            return int(text)
        raise RefusedError(
            f"{VARIABLE} takes a whole number from 1 to {MAX_THREADS}, but is {text!r}"
        )
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
