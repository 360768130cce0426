"""The recorder: is told what happens in a run, so that it can be written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .snapshot import JournalEntry


class Recorder(Protocol):
    """Something that keeps a record of a run; it is called on the run's thread."""

    @property
    def problem(self) -> str:
        """Why nothing more is recorded, or ""."""
        ...

    def command(self, entry: JournalEntry) -> None:
        """Take in a command, before anything that follows from it is shown to anyone."""
        ...

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Take in the losses of the steps from ``first_step`` on."""
        ...

    def accuracy(self, step: int, accuracy: float) -> None:
        """Take in the accuracy on the test set after ``step`` steps."""
        ...

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Take in the digests of the state after ``step`` steps, by parameter."""
        ...


class NoRecord:
    """Keeps no record."""

    problem = ""

    def command(self, entry: JournalEntry) -> None:
        """Forget it."""

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Forget them."""

    def accuracy(self, step: int, accuracy: float) -> None:
        """Forget it."""

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Forget them."""


NO_RECORD = NoRecord()
