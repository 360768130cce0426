"""What each command does to a run; one for the groups is the engine's matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuitrain.commands import (
    AddBreakpoint,
    AnyCommand,
    Branch,
    Checkpoint,
    Pause,
    Preview,
    Redo,
    RemoveBreakpoint,
    Resume,
    Rewind,
    RewindToCheckpoint,
    Step,
    Stop,
    TryLr,
    Undo,
    parse,
)
from tuitrain.engines.base import Change
from tuitrain.errors import RefusedError

from .history_commands import go_back
from .lr_sweep import preview, try_rates
from .session_state import Mark

if TYPE_CHECKING:
    from .session import Session


def steer(session: Session, command: AnyCommand) -> Change:
    """Apply a command at the boundary where a session stands.

    Raises
    ------
    RefusedError : it cannot be applied; nothing was changed
    """
    match command:
        case Rewind() | RewindToCheckpoint() | Undo() | Redo() | Branch():
            return go_back(session, command)
        case AddBreakpoint() | RemoveBreakpoint():
            return session.breakpoints.set(command, session.engine)
        case Checkpoint(name=name):
            return _keep(session, name)
    if session.phase.ended:
        raise RefusedError(
            f"the run has ended ({session.phase.value} at step {session.step}); "
            "rewind goes back to an earlier step"
        )
    match command:
        case Pause():
            return session.motion.pause(session.step)
        case Resume():
            return session.motion.resume(session.step)
        case Step(count=count):
            return session.motion.take(count, session.step, session.title.total_steps)
        case Stop():
            return session.motion.stop(session.step)
        case TryLr():
            change, session.trial = try_rates(session, command)
            session.stand_here()
            return change
        case Preview(command=text):
            return preview(session.engine, parse(text))
    change = session.engine.apply(command)
    if change.changed:
        session.timeline.decided(command)
    return change


def _keep(session: Session, name: str) -> Change:
    """Keep a checkpoint of this boundary."""
    mark = Mark(session.step, tuple(session.timeline.line.decisions), session.planned)
    return session.checkpoints.keep(name, mark, session.plan.in_hand)
