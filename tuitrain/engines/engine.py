"""The interface between a run and the engine that trains: its roles, and what it can do."""

from __future__ import annotations

from typing import Protocol

from .capabilities import Capabilities
from .inspectable import Inspectable
from .stateful import Stateful
from .steerable import Steerable
from .trainable import Trainable


class Engine(Trainable, Steerable, Inspectable, Stateful, Protocol):
    """Trains step by step; between steps it takes commands and inspections."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of this engine, which never change."""
        ...

    def rehearsal(self) -> Engine:
        """Return an engine that follows commands as this one does, from its first step.

        It takes steps without training, so it shows in advance which commands are refused. It
        changes nothing in this engine.
        """
        ...
