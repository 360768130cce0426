"""The checkpoints of a session: those that were asked for, and the one that it keeps by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tuitrain.commands import AUTO_CHECKPOINT
from tuitrain.engines.engine import CommandResult
from tuitrain.errors import RefusedError, did_you_mean, join_or

from .checkpoint import CheckpointError
from .recorder import Recorder
from .session_state import CheckpointRef, PlannedCommand, SessionState


class Checkpoints:
    """Where checkpoints were made, by name; what is in them is the recorder's to keep.

    Parameters
    ----------
    recorder : keeps the states
    take : gives the session's state

    Attributes
    ----------
    marks : where they were made, to go back to
    unkept : why the last one of the session's own could not be kept, or ""
    """

    def __init__(self, recorder: Recorder, take: Callable[[], SessionState]) -> None:
        self._recorder = recorder
        self._take = take
        self.refs: dict[str, CheckpointRef] = {}
        self.problem = ""

    def save(self, name: str, mark: CheckpointRef, planned: PlannedCommand | None) -> CommandResult:
        """Keep the present boundary under a name; one that is known by it already is replaced.

        ``planned`` is the planned command that asks for it, if it was planned: whoever goes on
        from the state comes to it again, so the record need not tell whether it had been answered.

        Raises
        ------
        RefusedError : it cannot be kept; what was kept before is as it was
        """

        def take() -> SessionState:
            state = self._take()
            return replace(state, planned=(planned, *state.planned)) if planned else state

        try:
            where = self._recorder.checkpoint(name, take)
        except CheckpointError as error:
            raise RefusedError(str(error)) from None
        before = self.refs.get(name)
        replaced = f"; the one of step {before.step} is replaced" if before else ""
        self.refs[name] = mark
        kept = f"kept in {where}" if where else "kept for `rewind`: the run leaves no record"
        return CommandResult(True, f"step {mark.step} is {kept}{replaced}")

    def save_auto(self) -> None:
        """Keep the present boundary for `tuitrain resume`; the training goes on if it cannot be."""
        try:
            self._recorder.checkpoint(AUTO_CHECKPOINT, self._take)
        except CheckpointError as error:
            self.problem = str(error)
        else:
            self.problem = ""

    def get(self, name: str) -> CheckpointRef:
        """Return where the checkpoint of that name was made, or refuse."""
        mark = self.refs.get(name)
        if mark is None:
            known = f" (checkpoints: {join_or(self.refs)})" if self.refs else "; none was made yet"
            near = did_you_mean(name, self.refs)
            raise RefusedError(f"no checkpoint is called {name!r}{near}{known}")
        return mark
