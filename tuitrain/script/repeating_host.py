"""The host of a script that repeats a recorded run: compared with its record, or continued."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from traceback import format_exception
from typing import TypeAlias

import msgspec

from tuitrain.encoding import write_line
from tuitrain.engines.capabilities import Capabilities, Capability
from tuitrain.engines.loops.turns import StoppedError
from tuitrain.engines.registry import SCRIPT_ENGINE
from tuitrain.errors import RecordDiffersError, RefusedError, RunFailedError, TuitrainError
from tuitrain.records.provenance import SCRIPT, describe_differences
from tuitrain.records.record_reader import Header, read_header
from tuitrain.records.repetition import RepeatedAction
from tuitrain.run.authorship import is_automatic
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.attendance import Attendance
from tuitrain.run.logs.log_capture import LogCapture
from tuitrain.run.recorder import Recorder
from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry, Phase
from tuitrain.scenario.events import Finding
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.resumed_run import ResumedRun
from tuitrain.scenario.run_to_end import repeat_action
from tuitrain.scenario.verify import Verification, read_repetition
from tuitrain.text import visible
from tuitrain.user_code import describe_failed_step

from .host import EndLoop, Loop, end_with_loop
from .repetition import Answer, Request, take_request, write_answer
from .service import farewell, serve_script, show_early_end

Build: TypeAlias = Callable[[Recorder], tuple[Session, Expectations]]
"""Makes the session of a loop, before its first step, with its expectations."""

_FACTS = ("model", "data", "batch_size", "steps", "metrics", "group")
"""The keys of a script's scenario that the script decides."""


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
        self._actions: deque[RepeatedAction] = deque()
        self.problem: TuitrainError | None = None
        self._is_done: Callable[[], bool] = lambda: False
        self._is_caught_up: Callable[[], bool] = lambda: True
        self._all_held: Callable[[], bool] = lambda: True
        self._verify: Callable[[], Verification | None] = lambda: None

    @property
    def has_started(self) -> bool:
        """Whether there was a step."""
        return self._thread is not None

    @property
    def has_failed(self) -> bool:
        """Whether the session has failed, or its plan was refused or does not hold."""
        return self.error is not None or bool(self.refusals) or not self._all_held()

    def watch(self, end_loop: EndLoop) -> None:
        """Note how the run is ended."""
        self.end_loop = end_loop

    def make_session(
        self, header: Header, capabilities: Capabilities, files: ExitStack, build: Build
    ) -> Session:
        """Return the session at the step at which the repetition begins.

        Parameters
        ----------
        header : that of a new run of the script
        capabilities : of its engine
        files : closes the record
        build : makes the session

        Raises
        ------
        StoppedError : the run cannot be repeated; the answer says why
        """
        try:
            if self._request.action == "replay":
                return self._compared(header, build)
            return self._resumed(header, capabilities, files, build)
        except TuitrainError as error:
            self.problem = error
            write_answer(self._request, Answer.of_error(error))
            raise StoppedError from None

    def start(self, session: Session, loop: Loop, folder: Path) -> None:
        """Serve a run that continues its record, and start the thread."""
        session.is_attended = False
        access = self._access or LiveAccess(session.info, log=self._log)
        private = self._access is not None or self._request.action == "replay"
        end_service = serve_script(access, folder, private)

        def drive() -> None:
            self._drive(session, loop, access)
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
            answer = Answer(verification=self._verify(), has_failed=self.has_failed)
            write_answer(self._request, answer)

    def _compared(self, header: Header, build: Build) -> Session:
        """Return a session that is compared with the record."""
        folder = Path(self._request.folder)
        recorded = read_header(folder)
        check, actions = read_repetition(folder, recorded)
        check.provenance(lambda: _provenance(recorded, header))
        environment = describe_differences(recorded.environment, header.environment)
        changes = [*_changes(recorded, header), *check.changes]
        if self.out is not None:
            self.out.mkdir()  # a script may write into the folder of its run
        session, _ = build(check)
        self._actions = deque(actions)
        self._is_done = check.is_done
        self._verify = lambda: Verification(check.verdict(), environment, changes)
        return session

    def _resumed(
        self, header: Header, capabilities: Capabilities, files: ExitStack, build: Build
    ) -> Session:
        """Return a session that continues from a checkpoint of the record."""
        request = self._request
        if capabilities.missing(Capability.REWIND):
            raise RefusedError(
                f"this run cannot be resumed: {capabilities.missing(Capability.REWIND)}"
            )
        folder = Path(request.folder)
        recorded = read_header(folder)
        if not request.although_changed and (changes := _changes(recorded, header)):
            raise RecordDiffersError(
                f"the run cannot be continued as it was, for this has changed: "
                f"{'; '.join(changes)}; `resume --although-changed` continues it all the same"
            )
        run = ResumedRun(
            folder,
            recorded,
            header.environment,
            build,
            files,
            request.checkpoint,
            request.although_changed,
            with_gradients=False,
        )
        run.recorder.provenance(lambda: _provenance(recorded, header))
        note = run.restore()
        write_line(visible(f"tuitrain: {note.message}"), sys.stderr)
        self._actions = deque(run.actions)
        self._all_held = run.expectations.all_held
        self._is_caught_up = lambda: run.recorder.is_caught_up
        return run.session

    def _drive(self, session: Session, loop: Loop, access: LiveAccess) -> None:
        try:
            waiting = self._actions
            with Attendance(
                session,
                access,
                lambda: not waiting and self._is_caught_up(),
                always_waits=self._access is not None,
            ) as attendance:
                self._follow_or_fail(session, loop, attendance)
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

    def _follow_or_fail(self, session: Session, loop: Loop, attendance: Attendance) -> None:
        """Repeat and train; log what is raised.

        Raises
        ------
        RunFailedError : a step has raised; names the step
        TuitrainError : the run does not repeat its record, or the script has raised one
        """
        try:
            self._follow(session, loop, attendance)
        except Exception as error:
            if self._log is not None:
                self._log.add("error", "".join(format_exception(error)))
            if isinstance(error, TuitrainError):
                raise
            self.error = error
            what = describe_failed_step(error, session.step, is_loop=True)
            raise RunFailedError(what) from error

    def _follow(self, session: Session, loop: Loop, attendance: Attendance) -> None:
        """Repeat the actions at their steps, and train until the session or the loop ends."""
        waiting = self._actions
        while True:
            session.apply_planned()
            while waiting and waiting[0].step == session.step:
                repeat_action(session, waiting.popleft())
                session.apply_planned()
            if self._is_done():
                return
            if self._is_paused and not waiting and self._is_caught_up():
                self._is_paused, session.phase = False, Phase.PAUSED
            attendance.visit()
            end_with_loop(session, loop)
            session.on_boundary()
            if session.phase.ended:
                session.end("finished")
                return
            if attendance.is_waiting:
                attendance.wait()
                continue
            session.phase = Phase.RUNNING
            ahead = waiting[0].step - session.step if waiting else 0
            attendance.run_burst(max_steps=ahead if ahead > 0 else None)


def requested_host() -> RepeatingHost | None:
    """Return the host that this process was asked for; None if it was not.

    Raises
    ------
    TuitrainError : the request cannot be read
    """
    request = take_request()
    return None if request is None else RepeatingHost(request)


def _changes(recorded: Header, header: Header) -> list[str]:
    """Return what the script does differently from the recorded one, in words.

    Raises
    ------
    TuitrainError : the record is not of a script
    """
    if recorded.scenario.get("engine") != SCRIPT_ENGINE:
        raise RefusedError("this run was trained from a scenario, and is repeated without a script")
    before, now = ({key: one.scenario.get(key) for key in _FACTS} for one in (recorded, header))
    shown = {key: _shown(value) for key, value in before.items() if value != now[key]}
    return describe_differences(shown, {key: _shown(now[key]) for key in shown})


def _provenance(recorded: Header, header: Header) -> dict[str, str]:
    """Return what the script is made from; its place does not count."""
    place = {SCRIPT: recorded.provenance[SCRIPT]} if SCRIPT in recorded.provenance else {}
    return header.provenance | place


def _shown(value: object) -> str:
    return f"{msgspec.json.encode(value).decode():.80}"
