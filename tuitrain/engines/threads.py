"""The number of threads that an engine may compute with."""

from __future__ import annotations

import os

from tuitrain.errors import RefusedError
from tuitrain_core.compiler import MAX_THREADS

VARIABLE = "TUITRAIN_THREADS"


def max_threads() -> int:
    """Return how many threads may share a step: at most two, or what the variable says.

    Raises
    ------
    RefusedError : it does not say a whole number from 1 to `MAX_THREADS`
    """
    given = os.environ.get(VARIABLE, "")
    if given:
        if given.isdecimal() and 1 <= int(given) <= MAX_THREADS:
            return int(given)
        raise RefusedError(
            f"{VARIABLE} takes a whole number from 1 to {MAX_THREADS}, but is {given!r}"
        )
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
