"""The host of a script without a screen: a thread for its session, served to viewers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from tuitrain.encoding import write_notice
from tuitrain.errors import RunFailedError
from tuitrain.predicates import always
from tuitrain.run.authorship import is_automatic
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.attendance import Attendance
from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry, Phase
from tuitrain.scenario.events import Finding
from tuitrain.user_code import describe_at_length, describe_failed_step

from .host import EndLoop, Loop, end_with_loop, is_failure, run_to_exchange
from .service import farewell, serve_script, show_early_end


class HeadlessHost:
    """Runs the session to its end in a thread, and serves it to viewers meanwhile.

    A planned ``pause`` is in the journal and has no other effect, unless a viewer attends; see
    `Attendance`.

    Parameters
    ----------
    out : the folder of the record; None for a new one
    access : of the viewers of a run that its owner serves; None to serve it from its first step on
    log : takes the traceback of a loop that has failed; None for the log of the record
    private : serve the run to no other process
    always_waits : whether a planned pause, or a breakpoint, waits for a viewer
    paused : whether the run waits before its first step

    Attributes
    ----------
    error : why the session has failed, or None
    refusals : the planned commands that were refused
    unmet : the expectations that do not hold
    end_loop : ends the run of the script; None if the script has not called `watch`
    """

    reports_record = True

    def __init__(
        self,
        out: Path | None = None,
        access: LiveAccess | None = None,
        log: LogCapture | None = None,
        private: bool = False,
        always_waits: bool = False,
        paused: bool = False,
    ) -> None:
        self.out = out
        self.error: BaseException | None = None
        self.refusals: Sequence[JournalEntry] = ()
        self.unmet: Sequence[Finding] = ()
        self.end_loop: EndLoop | None = None
        self._access, self._log = access, log
        self._private, self._always_waits, self._paused = private, always_waits, paused
        self._thread: threading.Thread | None = None
        self._follows = False

    @property
    def has_failed(self) -> bool:
        """Whether the session has failed, or its plan was refused or does not hold."""
        return self.error is not None or bool(self.refusals or self.unmet)

    @property
    def has_started(self) -> bool:
        """Whether there was a step, or the session is in another process."""
        return self._thread is not None or self._follows

    def watch(self, end_loop: EndLoop) -> None:
        """Note how the run is ended."""
        self.end_loop = end_loop

    def follow(self, end_loop: EndLoop) -> None:
        """Note that the session of the script is in another process, and how the run is ended."""
        self.end_loop = end_loop
        self._follows = True

    def start(self, session: Session, loop: Loop, folder: Path) -> None:
        """Serve the run, and start the thread."""
        session.is_attended = False
        if self._paused:
            session.pause_at_start()
        log = self._log or LogCapture()
        log.get_step = lambda: session.step
        access = self._access or LiveAccess(session.info, log=log)
        end_service = serve_script(access, folder, self._private or self._access is not None)

        def drive() -> None:
            self._drive(session, loop, access, log)
            if self._log is None and log.snapshot().total:
                log.write_to(folder / LOG_NAME)
                log.close()
            end_service(farewell(access))

        self._thread = threading.Thread(target=drive, name="tuitrain-session", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()

    def _drive(self, session: Session, loop: Loop, access: LiveAccess, log: LogCapture) -> None:
        """Run the session to its end, then let the loop run on alone."""
        try:
            with Attendance(
                session,
                access,
                lambda: loop.is_steerable,
                always_waits=self._always_waits,
                may_wait=always,  # between exchanges, a pause waits for the next one
            ) as attendance:
                _print_warnings(session)
                try:
                    _train(session, loop, attendance, access)
                except BaseException as error:
                    if not is_failure(error):
                        raise
                    self.error = error
                    log.add("error", describe_at_length(error))
                    what = describe_failed_step(error, session.step, is_loop=True)
                    raise RunFailedError(what) from error
        except BaseException as error:
            self.error = self.error or error
            session.end("failed", str(error))
        finally:
            self.refusals = [
                entry
                for entry in session.journal.entries()
                if entry.outcome == "refused" and is_automatic(entry.actor)
            ]
            loop.turns.release(stop=session.phase is Phase.STOPPED and not loop.turns.has_ended)
        show_early_end(session, loop, access)


def _print_warnings(session: Session) -> None:
    """Print the warnings of a session, too."""
    write_log = session.warnings.on_warning

    def warn(text: str) -> None:
        write_log(text)
        write_notice(f"warning: {text}")

    session.warnings.on_warning = warn


def _train(session: Session, loop: Loop, attendance: Attendance, access: LiveAccess) -> None:
    """Train until the session or the loop ends."""
    while True:
        session.apply_planned()
        attendance.visit()
        loop.follow_viewers(bool(access.viewers))
        end_with_loop(session, loop)
        session.on_boundary()
        if session.phase.ended:
            session.end("finished")  # a planned checkpoint may come after the last digests
            break
        if not loop.is_steerable:
            run_to_exchange(session, attendance)
        elif attendance.is_waiting:
            attendance.wait()
        else:
            session.phase = Phase.RUNNING
            attendance.run_burst()
