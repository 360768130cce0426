"""The pauses of users: a run without a screen waits at them until it is resumed."""

from __future__ import annotations

from tuitrain.commands import (
    AddBreakpoint,
    AddRule,
    AnyCommand,
    Branch,
    Pause,
    Resume,
    Rewind,
    RewindBy,
    RewindToCheckpoint,
    Step,
    TryLr,
)

from ..session import Session
from ..snapshot import Phase


class UserPause:
    """Whether a run that no viewer attends waits where it is paused.

    A command of a viewer or a program that pauses the run holds it until one of them resumes it;
    so does a breakpoint or a rule, if one of them has set one. A planned pause does not.
    """

    def __init__(self) -> None:
        self._holds = self._holds_at_breakpoints = False

    def holds(self, session: Session) -> bool:
        """Whether the run is paused, and waits for a ``resume``."""
        at_breakpoint = self._holds_at_breakpoints and bool(session.breakpoint_reason)
        return session.phase is Phase.PAUSED and (self._holds or at_breakpoint)

    def note(self, command: AnyCommand, session: Session) -> None:
        """Note a command that was submitted and not refused."""
        match command:
            case Step():  # pauses after its steps
                self._holds = True
            case Pause() | Rewind() | RewindBy() | RewindToCheckpoint() | Branch() | TryLr():
                self._holds = self._holds or session.phase is Phase.PAUSED
            case AddBreakpoint() | AddRule():
                self._holds_at_breakpoints = True
            case Resume():
                self._holds = False
            case _:
                pass
