# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The random generators that a step may draw from, as plain values."""

from __future__ import annotations

import base64
import random
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

import numpy as np
import torch

from tuitrain.errors import StateMismatchError

_MAX_SEED: Final = 1 << 32
"""A generator that was given no seed has drawn one from 64 bits; scripts choose smaller ones."""


def process_seed() -> int | None:
    """Return the seed of the process's generator; None if it was given none, or a huge one."""
    seed = torch.initial_seed()
    return seed if seed < _MAX_SEED else None


class RandomState(Protocol):
    """The generators that the steps of an engine draw from."""

    def enter(self) -> None:
        """Have the following steps draw from them."""
        ...

    def leave(self) -> None:
        """Have what follows draw from the generators of the process again."""
        ...

    def capture(self) -> Mapping[str, Any]:
        """Return their state as plain values."""
        ...

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore a captured state.

        Raises
        ------
        StateMismatchError : it is not such a state; nothing was changed
        """
        ...


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _tensor(text: str) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), np.uint8).copy())


def generator_text(generator: torch.Generator) -> str:
    """Return the state of a generator as text."""
    return _text(generator.get_state())


def text_generator(text: str) -> torch.Tensor:
    """Return the state that `generator_text` has written."""
    return _tensor(text)


class ProcessRandom:
    """The generators of the process: torch's on the CPU and each GPU, NumPy's and Python's."""

    def enter(self) -> None:
        """Do nothing: the steps draw from these generators."""

    def leave(self) -> None:
        """Do nothing."""

    def capture(self) -> Mapping[str, Any]:
        """Return their state as plain values."""
        version, words, spare = random.getstate()
        name, key, position, has_gauss, gauss = np.random.get_state()
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        return {
            "torch": _text(torch.get_rng_state()),
            "cuda": [_text(state) for state in cuda],
            "python": [version, list(words), spare],
            "numpy": [name, np.asarray(key).tolist(), position, has_gauss, gauss],
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore a captured state."""
        try:
            own, cuda = _tensor(saved["torch"]), [_tensor(text) for text in saved["cuda"]]
            version, words, spare = saved["python"]
            name, key, *rest = saved["numpy"]
            numbers = (name, np.array(key, np.uint32), *rest)
            torch.Generator().set_state(own)
            random.Random().setstate((version, tuple(words), spare))
        except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise StateMismatchError(f"no state of the random generators: {error}") from None
        torch.set_rng_state(own)
        if cuda and torch.cuda.is_initialized():
            torch.cuda.set_rng_state_all(cuda)
        random.setstate((version, tuple(words), spare))
        np.random.set_state(numbers)


class OwnRandom:
    """A torch generator state of an engine's own, put in place of the process's in its steps.

    Parameters
    ----------
    seed : of the generator
    """

    def __init__(self, seed: int) -> None:
        generator = torch.Generator()
        generator.manual_seed(seed)
        self._state = generator.get_state()
        self._outside: torch.Tensor | None = None

    def enter(self) -> None:
        """Draw torch's random numbers from this state."""
        if self._outside is None:
            self._outside = torch.get_rng_state()
            torch.set_rng_state(self._state)

    def leave(self) -> None:
        """Draw torch's random numbers from the process's state again."""
        if self._outside is not None:
            self._state = torch.get_rng_state()
            torch.set_rng_state(self._outside)
            self._outside = None

    @contextmanager
    def scope(self) -> Generator[None]:
        """Draw torch's random numbers inside from this state."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def capture(self) -> Mapping[str, Any]:
        """Return the state as plain values."""
        return {"torch": _text(self._state if self._outside is None else torch.get_rng_state())}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore a captured state."""
        try:
            state = _tensor(saved["torch"])
            torch.Generator().set_state(state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise StateMismatchError(f"no state of a random generator: {error}") from None
        if self._outside is None:
            self._state = state
        else:
            torch.set_rng_state(state)
