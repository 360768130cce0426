"""The recorder of a run: its protocol, and a recorder that records nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from tuitrain.engines.inspection import NetworkView

from .group_metrics import ReadGroups
from .session_state import SessionState
from .snapshot import EndReason, JournalEntry, ScheduledCommand

RECORD_ENDS: Final = "the record ends here"
"""How the problem of a recorder begins that records nothing more."""


class Recorder(Protocol):
    """Records a run; it is called on the run's thread."""

    @property
    def problem(self) -> str:
        """Why nothing more is recorded, or ""."""
        ...

    def command(self, entry: JournalEntry) -> None:
        """Record a command before any of its effects is shown."""
        ...

    def scheduled(self, commands: Sequence[ScheduledCommand]) -> None:
        """Record the commands that wait for their steps, in place of those before."""
        ...

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Record the losses of the steps from ``first_step`` on."""
        ...

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Record the metrics of the test set after ``step`` steps, by name."""
        ...

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Record the groups' metrics after ``step`` steps, if they are due.

        Parameters
        ----------
        branch : the name of the present branch
        read_groups : computes the metrics; called only if they are recorded
        last : whether this is the last step
        """
        ...

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Record the digests of the state after ``step`` steps, by parameter."""
        ...

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Record the provenance of the model and the data, before the first step.

        Parameters
        ----------
        get_provenance : computes digests by name in a pass over the data; only recorders that keep
            or compare them call it

        Raises
        ------
        RecordDiffersError : the recorder continues a record with other provenance
        TuitrainError : they cannot be recorded
        """
        ...

    def network(self, view: NetworkView) -> None:
        """Record the network, unless one that was traced is recorded."""
        ...

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Record why a run ends after ``step`` steps, and the digests of its final state.

        A run that reaches its last step ends with `digest` instead.
        """
        ...

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Save a state under a name, replacing an earlier one of that name.

        ``get_state`` returns the state; it takes time, and is called only if the state is saved.

        Returns
        -------
        Its place, in words; "" if the recorder saves no states

        Raises
        ------
        CheckpointError : it cannot be saved; the earlier state is unchanged
        """
        ...


class NullRecorder:
    """Keeps no record."""

    problem = ""

    def command(self, entry: JournalEntry) -> None:
        """Record nothing."""

    def scheduled(self, commands: Sequence[ScheduledCommand]) -> None:
        """Record nothing."""

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Record nothing."""

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Record nothing."""

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Record nothing."""

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Record nothing."""

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Record nothing."""

    def network(self, view: NetworkView) -> None:
        """Record nothing."""

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Record nothing."""

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Record nothing."""
        del name, get_state
        return ""


NULL_RECORDER = NullRecorder()
