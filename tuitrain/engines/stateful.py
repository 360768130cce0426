"""The role of an engine whose state can be copied out, loaded and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .state import EngineState


class Stateful(Protocol):
    """Saves and loads all state that decides the coming steps."""

    def state(self) -> EngineState:
        """Return a copy of all state that decides the coming steps."""
        ...

    def load_state(self, state: EngineState) -> None:
        """Continue from a state.

        With `Capability.REWIND`, the engine repeats the steps that followed the state, bit for bit.
        Gradients are those of the state; where it has none, there are none.

        Raises
        ------
        StateMismatchError : the state does not fit this model; the message lists every name that
            does not fit, and nothing was changed
        """
        ...

    def digest(self) -> str:
        """Return the SHA-256 of parameters, buffers and optimizer state, as ``sha256:…``."""
        ...

    def digests(self) -> Mapping[str, str]:
        """Return short digests by name of each parameter with its optimizer state, and buffer."""
        ...
