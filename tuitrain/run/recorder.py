"""The recorder of a run: its protocol, and one that records nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .group_metrics import ReadGroups
from .session_state import SessionState
from .snapshot import EndReason, JournalEntry


class Recorder(Protocol):
    """Records a run; it is called on the run's thread."""

    @property
    def problem(self) -> str:
        """Why nothing more is recorded, or ""."""
        ...

    def command(self, entry: JournalEntry) -> None:
        """Record a command, before any of its effects is shown."""
        ...

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Record the losses of the steps from ``first_step`` on."""
        ...

    def accuracy(self, step: int, accuracy: float) -> None:
        """Record the accuracy on the test set after ``step`` steps."""
        ...

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Record what the groups look like after ``step`` steps, if they are due.

        Parameters
        ----------
        branch : the name of the line of history
        read_groups : computes the metrics; called only if they are recorded
        last : whether no step follows
        """
        ...

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Record the digests of the state after ``step`` steps, by parameter."""
        ...

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Record what the model and the data are made from, before the first step.

        Parameters
        ----------
        get_provenance : computes digests by name in a pass over the data; called only by a recorder
            that keeps or compares them

        Raises
        ------
        RecordDiffersError : the recorder continues a record that was made from something else
        TuitrainError : they cannot be recorded
        """
        ...

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Record why a run ends after ``step`` steps, and the digests of its state there.

        A run that reaches its last step ends with a `digest`, and not with this.
        """
        ...

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Keep a state under a name, in the place of one that is kept under it already.

        ``get_state`` gives the state; it costs something, and is called only if the state is kept.

        Returns
        -------
        Where it is, in words; "" if the recorder keeps none

        Raises
        ------
        CheckpointError : it cannot be kept; what was kept before is as it was
        """
        ...


class NullRecorder:
    """Keeps no record."""

    problem = ""

    def command(self, entry: JournalEntry) -> None:
        """Record nothing."""

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Record nothing."""

    def accuracy(self, step: int, accuracy: float) -> None:
        """Record nothing."""

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Record nothing."""

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Record nothing."""

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Record nothing."""

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Record nothing."""

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Record nothing."""
        del name, get_state
        return ""


NULL_RECORDER = NullRecorder()
