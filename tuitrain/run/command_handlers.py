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
from tuitrain.engines.engine import CommandResult
from tuitrain.errors import RefusedError

from .history_commands import handle_history_command
from .lr_sweep import describe_preview, run_lr_sweep
from .session_state import CheckpointRef

if TYPE_CHECKING:
    from .session import Session


def handle_command(session: Session, command: AnyCommand) -> CommandResult:
    """Apply a command at the boundary where a session stands.

    Raises
    ------
    RefusedError : it cannot be applied; nothing was changed
    """
    match command:
        case Rewind() | RewindToCheckpoint() | Undo() | Redo() | Branch():
            return handle_history_command(session, command)
        case AddBreakpoint() | RemoveBreakpoint():
            return session.breakpoints.apply(command, session.engine)
        case Checkpoint(name=name):
            return _keep(session, name)
    if session.phase.ended:
        raise RefusedError(
            f"the run has ended ({session.phase.value} at step {session.step}); "
            "rewind goes back to an earlier step"
        )
    match command:
        case Pause():
            return session.run_state.pause(session.step)
        case Resume():
            return session.run_state.resume(session.step)
        case Step(count=count):
            return session.run_state.run_steps(count, session.step, session.info.total_steps)
        case Stop():
            return session.run_state.stop(session.step)
        case TryLr():
            change, session.lr_sweep = run_lr_sweep(session, command)
            session.settle_after_jump()
            return change
        case Preview(command=text):
            return describe_preview(session.engine, parse(text))
    change = session.engine.apply(command)
    if change.changed:
        session.timeline.decided(command)
    return change


def _keep(session: Session, name: str) -> CommandResult:
    """Keep a checkpoint of this boundary."""
    mark = CheckpointRef(
        session.step, tuple(session.timeline.line.decisions), session.pending_commands
    )
    return session.checkpoints.save(name, mark, session.schedule.current)
