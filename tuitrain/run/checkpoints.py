"""The checkpoints of a run: those that a user or a scenario requests, and the automatic one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from tuitrain.commands import AUTO_CHECKPOINT
from tuitrain.engines.steerable import CommandResult
from tuitrain.errors import CheckpointError, RefusedError, did_you_mean

from .recorder import Recorder
from .session_state import CheckpointRef, PlannedCommand, SessionState


class StateParts(Protocol):
    """The parts of a state that other processes save beside a checkpoint."""

    def save(self, name: str, state: SessionState) -> SessionState:
        """Save them, and return the state with their place.

        Raises
        ------
        CheckpointError : one cannot be saved
        """
        ...

    def settle(self, is_saved: bool) -> None:
        """Remove the parts that belong to no checkpoint: the replaced ones, or those just saved.

        Parameters
        ----------
        is_saved : whether the checkpoint itself is saved
        """
        ...


class _NoParts:
    """A state without parts in other processes."""

    def save(self, name: str, state: SessionState) -> SessionState:
        """Return the state."""
        del name
        return state

    def settle(self, is_saved: bool) -> None:
        """Do nothing."""


NO_PARTS: Final = _NoParts()


class Checkpoints:
    """The places of checkpoints, by name; the recorder saves their states.

    Parameters
    ----------
    recorder : saves the states
    get_state : returns the state of the session

    Attributes
    ----------
    refs : where checkpoints were made, by name
    parts : the parts of the states that other processes save
    problem : why the last automatic checkpoint could not be saved, or ""
    """

    def __init__(self, recorder: Recorder, get_state: Callable[[], SessionState]) -> None:
        self._recorder = recorder
        self._get_state = get_state
        self.refs: dict[str, CheckpointRef] = {}
        self.parts: StateParts = NO_PARTS
        self.problem = ""

    def save(self, name: str, ref: CheckpointRef, planned: PlannedCommand | None) -> CommandResult:
        """Save the present boundary under a name, replacing the checkpoint of that name.

        ``planned`` is the planned command that asks for the checkpoint, if one does. It is pending
        in the saved state, so a resumed run applies it again, whether or not the record has its
        answer.

        Raises
        ------
        RefusedError : it cannot be saved; the earlier checkpoint is unchanged
        """

        def get_state() -> SessionState:
            state = self._get_state()
            return replace(state, planned=(planned, *state.planned)) if planned else state

        try:
            place = self._write(name, get_state)
        except CheckpointError as error:
            raise RefusedError(str(error)) from None
        before = self.refs.get(name)
        replaced = f"; the one of step {before.step} is replaced" if before else ""
        self.refs[name] = ref
        kept = f"kept in {place}" if place else "kept for `rewind`: the run leaves no record"
        return CommandResult(True, f"step {ref.step} is {kept}{replaced}")

    def save_auto(self) -> None:
        """Save the present boundary for `tuitrain resume`; a failure does not end the training."""
        try:
            self._write(AUTO_CHECKPOINT, self._get_state)
        except CheckpointError as error:
            self.problem = str(error)
        else:
            self.problem = ""

    def get(self, name: str) -> CheckpointRef:
        """Return where the checkpoint of that name was made.

        Raises
        ------
        RefusedError : there is no such checkpoint
        """
        ref = self.refs.get(name)
        if ref is None:
            known = (
                f" (checkpoints: {', '.join(self.refs)})" if self.refs else "; none was made yet"
            )
            near = did_you_mean(name, self.refs)
            raise RefusedError(f"no checkpoint is called {name!r}{near}{known}")
        return ref

    def _write(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Save a state and its parts; the earlier ones are unchanged until the new ones are whole.

        Returns
        -------
        Its place; see `Recorder.checkpoint`

        Raises
        ------
        CheckpointError : it cannot be saved
        """
        is_saved = False
        try:
            place = self._recorder.checkpoint(name, lambda: self.parts.save(name, get_state()))
            is_saved = True
        finally:
            self.parts.settle(is_saved)
        return place
