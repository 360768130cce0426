"""The recorder: is told what happens in a run, so that it can be written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .group_metrics import ReadGroups
from .session_state import SessionState
from .snapshot import EndReason, JournalEntry


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

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Take in what the groups look like after ``step`` steps, if that is wanted.

        Parameters
        ----------
        branch : the name of the line of history
        read_groups : looks at the groups; it costs something, and is called only if it is wanted
        last : whether no step follows
        """
        ...

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Take in the digests of the state after ``step`` steps, by parameter."""
        ...

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Take in what the model and the data are made from, before the first step.

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
        """Take in why a run ends after ``step`` steps, and the digests of its state there.

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
        """Forget it."""

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Forget them."""

    def accuracy(self, step: int, accuracy: float) -> None:
        """Forget it."""

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Do not look."""

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Forget them."""

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Compute nothing."""

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Forget it."""

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Keep none."""
        del name, get_state
        return ""


NULL_RECORDER = NullRecorder()
