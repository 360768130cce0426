"""The host of a script's loop, which drives its session beside the loop's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tuitrain.engines.engine import Engine
from tuitrain.engines.loops.steered_loop import SteeredLoop
from tuitrain.engines.loops.turns import Turns
from tuitrain.engines.targets import KnownNames
from tuitrain.run.live.attendance import Attendance
from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry, Phase
from tuitrain.scenario.events import Finding

EndLoop = Callable[[BaseException | None], None]
"""Ends the run of a loop; takes the exception that has ended the loop, or None."""


class Loop(Protocol):
    """A loop, as the session's side knows it."""

    @property
    def turns(self) -> Turns:
        """The turns of the loop and the session."""
        ...

    def follow_viewers(self, is_viewed: bool) -> None:
        """Note whether the run has viewers."""
        ...

    @property
    def error(self) -> BaseException | None:
        """The exception that has ended the loop, or None."""
        ...

    @property
    def is_steerable(self) -> bool:
        """Whether commands can be applied at the present boundary; see `SteeredLoop`."""
        ...


class LoopEngine(Engine, Protocol):
    """The engine of a script's loop."""

    @property
    def loop(self) -> SteeredLoop:
        """The loop's side of the engine."""
        ...

    def known_names(self) -> KnownNames:
        """Return the names of groups, parameters and optimizers."""
        ...


class Host(Protocol):
    """Drives the session of a script's loop in another thread."""

    @property
    def out(self) -> Path | None:
        """The folder of the record; None for a new one."""
        ...

    @property
    def reports_record(self) -> bool:
        """Whether the loop's end says where the record is."""
        ...

    @property
    def error(self) -> BaseException | None:
        """Why the session has failed, if the host does not show it."""
        ...

    @property
    def refusals(self) -> Sequence[JournalEntry]:
        """The planned commands that were refused, if the host does not show them."""
        ...

    unmet: Sequence[Finding]
    """The expectations that do not hold, if the host does not show them."""

    @property
    def end_loop(self) -> EndLoop | None:
        """Ends the run of the script; None if the script has not called `watch`."""
        ...

    def watch(self, end_loop: EndLoop) -> None:
        """Note that the script has called `watch`, and how its run is ended."""
        ...

    def start(self, session: Session, loop: Loop, folder: Path) -> None:
        """Drive a session from now on; called by the loop's thread.

        Parameters
        ----------
        folder : of the record

        Raises
        ------
        StoppedError : the run is closed already
        """
        ...

    def join(self) -> None:
        """Wait until the session has ended; called by the loop's thread after the loop."""
        ...


def run_to_exchange(session: Session, attendance: Attendance) -> None:
    """Take the steps to the next exchange of the ranks; a pause of a breakpoint waits for it."""
    phase = session.phase
    session.phase = Phase.RUNNING
    attendance.run_burst()
    if session.phase is Phase.RUNNING:
        session.phase = phase


def is_failure(error: BaseException | None) -> bool:
    """Whether what has ended a loop is a failure: neither an exit nor an interrupt."""
    return error is not None and not isinstance(
        error, SystemExit | KeyboardInterrupt | GeneratorExit
    )


def end_with_loop(session: Session, loop: Loop) -> None:
    """End the session if the loop has ended before its last step.

    Raises
    ------
    BaseException : what the loop has raised
    """
    if not loop.turns.has_ended or session.phase.ended:
        return
    session.metrics.record_last_report()
    if loop.error is not None and is_failure(loop.error):
        raise loop.error
    if isinstance(loop.error, KeyboardInterrupt):
        session.phase = Phase.STOPPED
        session.end("interrupted")
    else:
        session.phase = Phase.FINISHED
        session.end("finished" if session.info.is_open else "left")
        session.alert_end()
