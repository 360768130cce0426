"""The role of an engine whose state can be copied out, loaded and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .state import EngineState


class Stateful(Protocol):
    """Gives and takes all that decides the steps to come."""

    def state(self) -> EngineState:
        """Return a copy of all that decides the steps to come."""
        ...

    def load_state(self, state: EngineState) -> None:
        """Continue from a state.

        With `Capability.REWIND` the steps that followed the state are repeated bit for bit. The
        gradients are those that the state has; where it has none there is none.

        Raises
        ------
        StateMismatchError : the state is not of this model; every name that does not fit is listed,
            and nothing was changed
        """
        ...

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state, as ``sha256:…``."""
        ...

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name of each parameter with its optimizer state, and buffer."""
        ...
