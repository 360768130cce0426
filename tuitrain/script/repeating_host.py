"""The host of a script that repeats a recorded run, in a thread beside its loop."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tuitrain.engines.capabilities import Capabilities
from tuitrain.engines.loops.turns import StoppedError
from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.records.observer import NULL_OBSERVER, RecordObserver
from tuitrain.records.record_reader import Header
from tuitrain.run.authorship import is_automatic
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.attendance import Attendance
from tuitrain.run.logs.log_capture import LogCapture
from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry, Phase
from tuitrain.scenario.events import Finding
from tuitrain.user_code import describe_at_length, describe_failed_step

from .host import EndLoop, Loop, end_with_loop, run_to_exchange
from .repeated_session import Build, RepeatedSession, compare_with_record, continue_record
from .repetition import Answer, Request, take_request, write_answer
from .service import farewell, serve_script, show_early_end


class RepeatingHost:
    """Repeats the session of a record on the loop of its script, in a thread.

    A run that continues its record is served to viewers, who steer it from the end of that on.

    Parameters
    ----------
    request : what is repeated, and where the answer goes
    access : of the viewers of a run that its owner serves, which waits at every pause; None to
        serve it from its first step on
    log : takes the traceback of a loop that has failed, or None
    paused : whether the run waits for a viewer where its record ends

    Attributes
    ----------
    out : the folder of the record; of a comparison, one that is removed afterwards
    error : why the session has failed, or None
    refusals : the planned commands that were refused
    unmet : the expectations that do not hold
    problem : why the record cannot be repeated, or None
    end_loop : ends the run of the script; None if the script has not called `watch`
    """

    def __init__(
        self,
        request: Request,
        access: LiveAccess | None = None,
        log: LogCapture | None = None,
        paused: bool = False,
    ) -> None:
        self._request = request
        self._access, self._log, self._is_paused = access, log, paused
        self.reports_record = request.action == "resume"
        folder = request.folder if self.reports_record else Path(request.answer).parent / "run"
        self.out: Path | None = Path(folder)
        self.error: BaseException | None = None
        self.refusals: Sequence[JournalEntry] = ()
        self.unmet: Sequence[Finding] = ()
        self.end_loop: EndLoop | None = None
        self._thread: threading.Thread | None = None
        self.problem: TuitrainError | None = None
        self._repeated: RepeatedSession | None = None

    @property
    def has_started(self) -> bool:
        """Whether there was a step."""
        return self._thread is not None

    @property
    def has_failed(self) -> bool:
        """Whether the session has failed, or its plan was refused or does not hold."""
        has_unmet = self._repeated is not None and not self._repeated.all_held()
        return self.error is not None or bool(self.refusals) or has_unmet

    def watch(self, end_loop: EndLoop) -> None:
        """Note how the run is ended."""
        self.end_loop = end_loop

    def make_session(
        self,
        header: Header,
        capabilities: Capabilities,
        files: ExitStack,
        build: Build,
        observer: RecordObserver = NULL_OBSERVER,
    ) -> Session:
        """Return the session at the step at which the repetition begins.

        Parameters
        ----------
        header : that of a new run of the script
        capabilities : of its engine
        files : closes the record
        build : makes the session
        observer : receives the new lines of the record

        Raises
        ------
        StoppedError : the run cannot be repeated; the answer says why
        """
        request = self._request
        try:
            if request.action == "replay":
                repeated = compare_with_record(Path(request.folder), header, build)
                if self.out is not None:
                    self.out.mkdir()  # a script may write into the folder of its run
            else:
                repeated = continue_record(request, header, capabilities, files, build, observer)
        except TuitrainError as error:
            self.problem = error
            write_answer(self._request, Answer.of_error(error))
            raise StoppedError from None
        self._repeated = repeated
        return repeated.session

    def start(self, session: Session, loop: Loop, folder: Path) -> None:
        """Serve a run that continues its record, and start the thread."""
        repeated = self._repeated
        assert repeated is not None, "make_session comes before start"
        session.is_attended = False
        access = self._access or LiveAccess(session.info, log=self._log)
        private = self._access is not None or self._request.action == "replay"
        end_service = serve_script(access, folder, private)

        def drive() -> None:
            self._drive(repeated, loop, access)
            show_early_end(session, loop, access)
            end_service(farewell(access))

        self._thread = threading.Thread(target=drive, name="tuitrain-session", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()

    def answer(self) -> None:
        """Write the answer, after the last report of the script."""
        if self.problem is not None:
            write_answer(self._request, Answer.of_error(self.problem))
        else:
            verification = self._repeated.verify() if self._repeated is not None else None
            answer = Answer(verification=verification, has_failed=self.has_failed)
            write_answer(self._request, answer)

    def _drive(self, repeated: RepeatedSession, loop: Loop, access: LiveAccess) -> None:
        session = repeated.session
        try:
            with Attendance(
                session,
                access,
                lambda: repeated.is_past_record and loop.is_steerable,
                always_waits=self._access is not None,
                may_wait=lambda: repeated.is_past_record,
            ) as attendance:
                self._follow_or_fail(repeated, loop, attendance)
        except TuitrainError as error:
            if self.error is None:
                self.problem = error  # the process that has asked prints it
            else:
                session.end("failed")
        except BaseException as error:
            self.error = error
            session.end("failed")
        finally:
            self.refusals = [
                entry
                for entry in session.journal.entries()
                if entry.outcome == "refused" and is_automatic(entry.actor)
            ]
            is_stopped = session.phase is Phase.STOPPED or not session.phase.ended
            loop.turns.release(stop=is_stopped or self.problem is not None)

    def _follow_or_fail(
        self, repeated: RepeatedSession, loop: Loop, attendance: Attendance
    ) -> None:
        """Repeat and train; log what is raised.

        Raises
        ------
        RunFailedError : a step has raised; names the step
        TuitrainError : the run does not repeat its record, or the script has raised one
        """
        try:
            self._follow(repeated, loop, attendance)
        except Exception as error:
            if self._log is not None:
                self._log.add("error", describe_at_length(error))
            if isinstance(error, TuitrainError):
                raise
            self.error = error
            what = describe_failed_step(error, repeated.session.step, is_loop=True)
            raise RunFailedError(what) from error

    def _follow(self, repeated: RepeatedSession, loop: Loop, attendance: Attendance) -> None:
        """Repeat the actions at their steps, and train until the session or the loop ends."""
        session = repeated.session
        while True:
            repeated.apply_actions()
            if repeated.is_done():
                return
            if self._is_paused and repeated.is_past_record:
                self._is_paused, session.phase = False, Phase.PAUSED
            attendance.visit()
            end_with_loop(session, loop)
            session.on_boundary()
            if session.phase.ended:
                session.end("finished")
                return
            if not loop.is_steerable:
                run_to_exchange(session, attendance)
                continue
            if attendance.is_waiting:
                attendance.wait()
                continue
            session.phase = Phase.RUNNING
            attendance.run_burst(max_steps=repeated.steps_to_action())


def requested_host() -> RepeatingHost | None:
    """Return the host that this process was asked for; None if it was not.

    Raises
    ------
    TuitrainError : the request cannot be read
    """
    request = take_request()
    return None if request is None else RepeatingHost(request)
