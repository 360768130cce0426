"""Random numbers of single samples: each sample of each epoch has its own generator.

So what a transform draws for a sample does not depend on the samples before it, on the number of
workers, or on where a run was resumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from ...random import generator

_MASK: Final = (1 << 64) - 1
_INCREMENT: Final = 0x9E3779B97F4A7C15
"""The odd integer next to 2^64 divided by the golden ratio."""


class RandomNumbers:
    """A generator of random numbers, SplitMix64; its numbers depend on the key alone.

    The formulas are from Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
    2014.

    Parameters
    ----------
    key : whole numbers, such as seed, epoch and sample

    Attributes
    ----------
    state : may be read and set, to draw the same numbers again
    """

    __slots__ = ("state",)

    def __init__(self, *key: int) -> None:
        state = 0
        for number in key:
            state = _mix((state + number + _INCREMENT) & _MASK)
        self.state = state

    def word(self) -> int:
        """Return 64 random bits."""
        self.state = (self.state + _INCREMENT) & _MASK
        return _mix(self.state)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number of at least ``low`` and below ``high``."""
        return low + (high - low) * ((self.word() >> 11) * 2.0**-53)

    def integer(self, low: int, high: int) -> int:
        """Return a whole number of ``low`` to ``high - 1``."""
        return low + (self.word() * (high - low) >> 64)

    def permutation(self, count: int) -> list[int]:
        """Return the numbers 0 to ``count - 1`` in a random order."""
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            other = self.integer(0, last + 1)
            order[last], order[other] = order[other], order[last]
        return order


_current: ContextVar[RandomNumbers | None] = ContextVar("tuitrain_core_sample", default=None)


def random_numbers() -> RandomNumbers:
    """Return the generator of the sample that is transformed now.

    Outside a loader, it is a new one that the core's current generator seeds, so
    ``tuitrain_core.random.seed`` decides its numbers.
    """
    return _current.get() or RandomNumbers(int(generator().integers(1 << 62)))


@contextmanager
def sample_scope(numbers: RandomNumbers) -> Iterator[RandomNumbers]:
    """Make a generator that of the sample, inside the block, in this thread only."""
    token = _current.set(numbers)
    try:
        yield numbers
    finally:
        _current.reset(token)


def _mix(word: int) -> int:
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)
