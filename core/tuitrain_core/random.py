"""Random numbers: the current generator, its seed and its state.

Initial values, dropout and the functions below draw from `generator()`, so a seed determines a run.
Each run in a process has its own generator, current inside `scope(...)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .errors import CoreError
from .ops.checks import as_sizes
from .tensor import Tensor, wrap


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


class RNG:
    """A random generator of its own, with the functions of this module as methods.

    Parameters
    ----------
    seed : a whole number of at least 0; default: drawn from the current generator
    device : ignored
    """

    def __init__(self, seed: int | None = None, device: str | None = None) -> None:  # noqa: ARG002
        self._generator = make_generator(_draw_seed() if seed is None else seed)

    def uniform(
        self, low: float = 0.0, high: float = 1.0, size: Iterable[int] | int | None = None
    ) -> Tensor:
        """See `uniform`."""
        with scope(self._generator):
            return uniform(low, high, size)

    def normal(
        self, mean: float = 0.0, std: float = 1.0, size: Iterable[int] | int | None = None
    ) -> Tensor:
        """See `normal`."""
        with scope(self._generator):
            return normal(mean, std, size)

    def permutation(self, n: int | Tensor, *, dtype: Any = "int32") -> Tensor:
        """See `permutation`."""
        with scope(self._generator):
            return permutation(n, dtype=dtype)

    def shuffle(self, inp: Tensor) -> None:
        """See `shuffle`."""
        with scope(self._generator):
            shuffle(inp)


def uniform(low: float = 0.0, high: float = 1.0, size: Iterable[int] | int | None = None) -> Tensor:
    """Return float32 numbers drawn uniformly from [low, high).

    Parameters
    ----------
    low, high : limits
    size : shape; default: one number, of shape (1,)
    """
    values = generator().random(_shape(size), dtype=np.float32)
    return wrap(values * np.float32(high - low) + np.float32(low))


def normal(mean: float = 0.0, std: float = 1.0, size: Iterable[int] | int | None = None) -> Tensor:
    """Return float32 numbers drawn from a normal distribution; see `uniform`."""
    values = generator().standard_normal(_shape(size), dtype=np.float32)
    return wrap(values * np.float32(std) + np.float32(mean))


def gamma(shape: float, scale: float = 1.0, size: Iterable[int] | int | None = None) -> Tensor:
    """Return float32 numbers drawn from a gamma distribution; see `uniform`.

    Parameters
    ----------
    shape, scale : above 0
    size : shape of the result
    """
    _check_positive("gamma", shape=shape, scale=scale)
    return wrap(generator().gamma(shape, scale, _shape(size)).astype(np.float32))


def beta(alpha: float, beta: float, size: Iterable[int] | int | None = None) -> Tensor:
    """Return float32 numbers drawn from a beta distribution; both parameters are above 0."""
    _check_positive("beta", alpha=alpha, beta=beta)
    return wrap(generator().beta(alpha, beta, _shape(size)).astype(np.float32))


def poisson(lam: float, size: Iterable[int] | int | None = None) -> Tensor:
    """Return float32 counts drawn from a Poisson distribution with the mean ``lam``, above 0."""
    _check_positive("poisson", lam=lam)
    return wrap(generator().poisson(lam, _shape(size)).astype(np.float32))


def permutation(n: int | Tensor, *, dtype: Any = "int32") -> Tensor:
    """Return the whole numbers below ``n`` in random order, or the rows of a tensor."""
    if isinstance(n, Tensor) and n.ndim:
        return n[generator().permutation(len(n))]
    return wrap(generator().permutation(int(n)).astype(dtype))


def shuffle(inp: Tensor) -> None:
    """Put the rows of a tensor in random order, in place."""
    inp.set_value(inp.numpy()[generator().permutation(len(inp))])


def _shape(size: Iterable[int] | int | None) -> tuple[int, ...]:
    if size is None:
        return (1,)
    return as_sizes("size", tuple(size) if isinstance(size, Iterable) else size)


def _check_positive(name: str, **numbers: float) -> None:
    wrong = [f"{label}={value!r}" for label, value in numbers.items() if not value > 0]
    if wrong:
        raise CoreError(f"{name}: numbers are above 0, not {', '.join(wrong)}")


def _draw_seed() -> int:
    return int(generator().integers(2**32))
