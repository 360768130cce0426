"""The random numbers of the core: one seeded generator for each thread of work.

Owns which generator is current. Initial values, dropout and whatever else draws takes it from
`generator()`, so that a seed decides a run; two runs in one process each work inside their own
`use(...)` and do not see one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .errors import CoreError


def make_generator(number: int = 0) -> np.random.Generator:
    """Make a generator of its own from a seed.

    Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) is counter-based:
    its whole state is a handful of integers, small enough for every checkpoint.

    Parameters
    ----------
    number : the seed, a whole number of at least 0

    Raises
    ------
    CoreError : the seed is negative or not whole
    """
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
        raise CoreError(f"a seed is a whole number of at least 0, but was given {number!r}")
    return np.random.Generator(np.random.Philox(int(number)))


# A program that never seeds is reproducible too: the generator it gets has seed 0.
_default = make_generator(0)
_current: ContextVar[np.random.Generator | None] = ContextVar("tuitrain_core_random", default=None)


def generator() -> np.random.Generator:
    """Return the current generator: that of the innermost `use`, or the process's own."""
    return _current.get() or _default


def seed(number: int) -> None:
    """Start the current generator anew from a seed.

    Raises
    ------
    CoreError : the seed is negative or not whole
    """
    generator().bit_generator.state = make_generator(number).bit_generator.state


def get_state() -> dict[str, Any]:
    """Return a copy of the current generator's state, for `restore`."""
    return dict(generator().bit_generator.state)


def set_state(saved: dict[str, Any]) -> None:
    """Continue the current generator from a state that `state` returned.

    Raises
    ------
    CoreError : this is not the state of such a generator
    """
    try:
        generator().bit_generator.state = saved
    except (KeyError, TypeError, ValueError) as error:
        raise CoreError(f"this is not the state of a Philox generator: {error}") from error


@contextmanager
def scope(mine: np.random.Generator) -> Iterator[np.random.Generator]:
    """Make ``mine`` the current generator inside the block, in this thread (or task) only."""
    token = _current.set(mine)
    try:
        yield mine
    finally:
        _current.reset(token)
