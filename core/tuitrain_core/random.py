"""Random numbers: the current generator, its seed and its state.

Initial values and dropout draw from `generator()`, so a seed determines a run. Each run in a
process has its own generator, current inside `scope(...)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .errors import CoreError


def make_generator(seed: int = 0) -> np.random.Generator:
    """Return a new generator with a seed.

    Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) is counter-based:
    its whole state is a few integers, small enough for every checkpoint.

    Parameters
    ----------
    seed : a whole number of at least 0

    Raises
    ------
    CoreError : the seed is negative or not a whole number
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise CoreError(f"a seed is a whole number of at least 0, but was given {seed!r}")
    return np.random.Generator(np.random.Philox(int(seed)))


# Seeded too, so a program that never calls `seed` is reproducible.
_default = make_generator(0)
_current: ContextVar[np.random.Generator | None] = ContextVar("tuitrain_core_random", default=None)


def generator() -> np.random.Generator:
    """Return the current generator: that of the innermost `scope`, or the process's own."""
    return _current.get() or _default


def seed(number: int) -> None:
    """Reset the current generator to a seed.

    Raises
    ------
    CoreError : the seed is negative or not a whole number
    """
    generator().bit_generator.state = make_generator(number).bit_generator.state


def get_state() -> dict[str, Any]:
    """Return a copy of the current generator's state, for `set_state`."""
    return dict(generator().bit_generator.state)


def set_state(state: dict[str, Any]) -> None:
    """Set the current generator to a state that `get_state` returned.

    Raises
    ------
    CoreError : it is not the state of a Philox generator
    """
    try:
        generator().bit_generator.state = state
    except (KeyError, TypeError, ValueError) as error:
        raise CoreError(f"this is not the state of a Philox generator: {error}") from error


@contextmanager
def scope(generator: np.random.Generator) -> Iterator[np.random.Generator]:
    """Make a generator current inside the block, in this thread or task only."""
    token = _current.set(generator)
    try:
        yield generator
    finally:
        _current.reset(token)
