"""Where the session of a script runs: without a screen in a thread, or in the app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tuitrain.engines.loops.turns import Turns
from tuitrain.run.authorship import is_automatic
from tuitrain.run.live.access import LiveAccess
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

    @property
    def error(self) -> BaseException | None:
        """What has ended the loop, or None."""
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

    def start(self, session: Session, loop: Loop) -> None:
        """Drive a session from now on; called by the loop's thread.

        Raises
        ------
        StoppedError : the run is closed already
        """
        ...

    def join(self) -> None:
        """Wait until the session has ended; called by the loop's thread after the loop."""
        ...


class HeadlessHost:
    """Runs the session to its end in a thread, without a user.

    A ``pause`` is in the journal and has no other effect, unless a viewer is there to resume.

    Parameters
    ----------
    out : the folder of the record; None for a new one
    access : through which viewers watch and steer the run; None for a run without viewers

    Attributes
    ----------
    error : why the session has failed, or None
    refusals : the planned commands that were refused
    unmet : the expectations that do not hold
    end_loop : ends the run of the script; None if the script has not called `watch`
    """

    reports_record = True

    def __init__(self, out: Path | None = None, access: LiveAccess | None = None) -> None:
        self.out = out
        self._access = access
        self.error: BaseException | None = None
        self.refusals: Sequence[JournalEntry] = ()
        self.unmet: Sequence[Finding] = ()
        self.end_loop: EndLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def has_started(self) -> bool:
        """Whether there was a step."""
        return self._thread is not None

    @property
    def has_failed(self) -> bool:
        """Whether the session has failed, or its plan was refused or does not hold."""
        return self.error is not None or bool(self.refusals or self.unmet)

    def watch(self, end_loop: EndLoop) -> None:
        """Note how the run is ended."""
        self.end_loop = end_loop

    def start(self, session: Session, loop: Loop) -> None:
        """Start the thread."""
        session.is_attended = False
        self._thread = threading.Thread(
            target=self._drive, args=(session, loop), name="tuitrain-session", daemon=True
        )
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()

    def _drive(self, session: Session, loop: Loop) -> None:
        try:
            with Attendance(session, self._access) as attendance:
                _train(session, loop, attendance)
        except BaseException as error:
            self.error = error
            session.end("failed")
        finally:
            self.refusals = [
                entry
                for entry in session.journal.entries()
                if entry.outcome == "refused" and is_automatic(entry.actor)
            ]
            loop.turns.release(stop=session.phase is Phase.STOPPED)


def _train(session: Session, loop: Loop, attendance: Attendance) -> None:
    """Train until the session or the loop ends."""
    while True:
        session.apply_planned()
        attendance.visit()
        end_with_loop(session, loop)
        session.on_boundary()
        if session.phase.ended:
            break
        if attendance.is_waiting:
            attendance.wait()
        else:
            session.phase = Phase.RUNNING
            attendance.run_burst()


def end_with_loop(session: Session, loop: Loop) -> None:
    """End the session if the loop has ended before its last step.

    Raises
    ------
    Exception : what the loop has raised
    """
    if not loop.turns.has_ended or session.phase.ended:
        return
    if isinstance(loop.error, Exception):
        raise loop.error
    session.phase = Phase.FINISHED
    session.end("interrupted" if isinstance(loop.error, KeyboardInterrupt) else "left")


_make_host: Callable[[], Host] = HeadlessHost


def make_host() -> Host:
    """Return the host of a script that calls `watch` now."""
    return _make_host()


def set_host(make: Callable[[], Host]) -> None:
    """Have scripts that run in this process from now on use another host."""
    global _make_host  # noqa: PLW0603 - the script calls `watch` without knowing who runs it
    _make_host = make
