"""Observers of a record while it is written: the protocol, and one that does nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from tuitrain.run.group_metrics import GroupMetrics
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import JournalEntry


class RecordObserver(Protocol):
    """Receives the new lines of a record in their order, on the thread of the run.

    Its methods return at once and raise nothing.
    """

    def command(self, entry: JournalEntry) -> None:
        """Receive a command."""
        ...

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Receive the losses of the steps from ``first_step`` on."""
        ...

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Receive the metrics of the test set after ``step`` steps, by name."""
        ...

    def groups(self, line: GroupMetrics) -> None:
        """Receive the metrics of the groups."""
        ...

    def checkpoint(self, name: str, state: SessionState) -> None:
        """Receive the state of a checkpoint that was written."""
        ...


class NullObserver:
    """Observes nothing."""

    def command(self, entry: JournalEntry) -> None:
        """Do nothing."""

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Do nothing."""

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Do nothing."""

    def groups(self, line: GroupMetrics) -> None:
        """Do nothing."""

    def checkpoint(self, name: str, state: SessionState) -> None:
        """Do nothing."""


NULL_OBSERVER: Final = NullObserver()
