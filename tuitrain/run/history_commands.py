"""Ways back: rewind, undo and redo, and the branches that were left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuitrain.commands import Branch, Redo, Rewind, RewindToCheckpoint, Undo, to_text
from tuitrain.engines.engine import CommandResult
from tuitrain.errors import RefusedError, did_you_mean, join_or

if TYPE_CHECKING:
    from .session import Session


def handle_history_command(
    session: Session, command: Rewind | RewindToCheckpoint | Undo | Redo | Branch
) -> CommandResult:
    """Go back, or on with a line that was left; say where the run stands now.

    Raises
    ------
    RefusedError : there is no such way from here; nothing was changed
    """
    match command:
        case Rewind(step=step):
            return _rewind(session, step)
        case RewindToCheckpoint(name=name):
            return _rewind_to(session, name)
        case Undo():
            return _undo(session)
        case Redo():
            return _redo(session)
        case Branch(name=name):
            return _branch(session, name)


def _rewind(session: Session, step: int) -> CommandResult:
    if step > session.step:
        raise RefusedError(f"step {step} is still to come: the run is at step {session.step}")
    undone = any(each.step >= step for each in session.timeline.line.decisions)
    if step == session.step and not undone:
        return CommandResult(False, f"already at step {step}")
    left = session.timeline.rewind(step)
    session.schedule.reschedule(session.schedule.commands_from(step))
    session.settle_after_jump()
    return CommandResult(True, f"back at step {step}, paused; what followed is branch {left}")


def _rewind_to(session: Session, name: str) -> CommandResult:
    mark = session.checkpoints.get(name)
    if (mark.step, mark.decisions) == (session.step, tuple(session.timeline.line.decisions)):
        return CommandResult(False, f"already there: checkpoint {name} is of step {mark.step}")
    left = session.timeline.return_to(mark.step, mark.decisions)
    session.schedule.reschedule(mark.planned)
    session.settle_after_jump()
    return CommandResult(True, f"back at step {mark.step}, paused; what followed is branch {left}")


def _undo(session: Session) -> CommandResult:
    if not session.timeline.line.decisions:
        way = [f"; `branch {name}` returns to what was left last" for name in session.timeline.left]
        raise RefusedError("there is no command to undo on this branch" + "".join(way[-1:]))
    undone, left = session.timeline.undo()
    session.reset_hold()
    return CommandResult(
        True,
        f"step {session.step} without {to_text(undone.command)!r} of step {undone.step}; "
        f"with it, it is branch {left}",
    )


def _redo(session: Session) -> CommandResult:
    if not session.timeline.undone:
        raise RefusedError(
            "there is nothing to redo: no command was undone, or the line has gone its own "
            "way since; `branch NAME` returns to what was left"
        )
    again, left = session.timeline.redo()
    session.reset_hold()
    return CommandResult(
        True,
        f"step {session.step} with {to_text(again.command)!r} of step {again.step}; "
        f"without it, it is branch {left}",
    )


def _branch(session: Session, name: str) -> CommandResult:
    if name == session.timeline.line.name:
        return CommandResult(False, f"already on branch {name}")
    known = list(session.timeline.left)
    if name not in known:
        allowed = f" (branches: {join_or(known)})" if known else "; none was left yet"
        raise RefusedError(f"no branch is called {name!r}{did_you_mean(name, known)}{allowed}")
    left = session.timeline.switch(name)
    session.schedule.pending = session.schedule.commands_from(session.step + 1)
    session.settle_after_jump()
    return CommandResult(True, f"on branch {name} at step {session.step}; left branch {left}")
