"""A script under a live run: its loop runs in a thread, and its session in that of the run."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tuitrain.engines.capabilities import Capability
from tuitrain.engines.loops.turns import StoppedError
from tuitrain.errors import TuitrainError
from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry, Phase, RunInfo
from tuitrain.scenario.events import Finding
from tuitrain.user_code import describe_at_length

from .host import EndLoop, Loop, end_with_loop, is_failure
from .runner import check_script, ended_without_step, exit_status, run_script
from .script_hosts import ScriptHosts
from .uncaught import print_end

CANNOT_DETACH: Final = (
    "It ends with the screen. Only a script with run.batches can continue from a checkpoint in a "
    "process of its own."
)

INTERRUPTED: Final = 128 + signal.SIGINT
"""The exit status of a script that a KeyboardInterrupt has ended."""

JOIN_SECONDS: Final = 5.0
"""Seconds that a script gets to end after its run was left."""


class LiveHost:
    """Hands the session of a script to the thread of a live run.

    Parameters
    ----------
    out : the folder of the record

    Attributes
    ----------
    out : the folder of the record; the script may have chosen another one
    session : the session of the script; None before its first step
    end_loop : ends the run of the script; None if the script has not called `watch`
    """

    reports_record = False
    error: BaseException | None = None
    refusals: Sequence[JournalEntry] = ()
    unmet: Sequence[Finding] = ()

    def __init__(self, out: Path) -> None:
        self.out: Path | None = out
        self.end_loop: EndLoop | None = None
        self._sessions: queue.SimpleQueue[Session | TuitrainError] = queue.SimpleQueue()
        self._loop: Loop | None = None
        self.session: Session | None = None
        self._is_closed = False
        self._has_ended = threading.Event()

    @property
    def has_finished(self) -> bool:
        """Whether the loop has taken the last step of its run."""
        return self.session is not None and self.session.phase is Phase.FINISHED

    def watch(self, end_loop: EndLoop) -> None:
        """Note how the run is ended."""
        self.end_loop = end_loop

    def start(self, session: Session, loop: Loop, folder: Path) -> None:
        """Hand over the session; the run ends it with the loop."""
        if self._is_closed:
            raise StoppedError
        self.out = folder
        self.session, self._loop = session, loop
        check = session.on_boundary

        def visit() -> None:
            end_with_loop(session, loop)
            check()

        session.on_boundary = visit
        self._sessions.put(session)

    def join(self) -> None:
        """Wait until the run is closed."""
        self._has_ended.wait()

    def wait_for_session(self) -> Session:
        """Wait for the session; called by the thread of the live run.

        Raises
        ------
        TuitrainError : the script has ended without a step, or the run is closed
        """
        session = self._sessions.get()
        if isinstance(session, TuitrainError):
            raise session
        return session

    def give_up(self, reason: str) -> None:
        """End the wait for a session."""
        self._sessions.put(TuitrainError(reason))

    def close(self) -> None:
        """End the wait for a session that has not come, because the run is closed."""
        self._is_closed = True
        self.give_up("the run was left before the first step of the script")

    def abandon(self) -> None:
        """End the step under way, which then does not count."""
        if self._loop is not None:
            self._loop.turns.abandon()

    def release(self) -> None:
        """Let the script continue after its last step; stop its loop before that."""
        if self._loop is not None:
            self._loop.turns.release(stop=not self.has_finished)
        self._has_ended.set()


class LiveScript:
    """A script whose run is live: under a screen, or served to viewers.

    Parameters
    ----------
    path : the script
    arguments : of the script
    folder : of the record
    paused : whether it waits before its first step
    private : serve its later runs to no other process

    Attributes
    ----------
    info : the facts of the run that are known before the script is
    status : the exit status of the script, once it has ended

    Raises
    ------
    TuitrainError : there is no such script
    """

    def __init__(
        self,
        path: Path,
        arguments: Sequence[str],
        folder: Path,
        paused: bool = False,
        private: bool = False,
    ) -> None:
        check_script(path)
        self.info = RunInfo(path.stem, "", path.name, None, 1, 0, 0, reports_metrics=True)
        self.status = 0
        self._path, self._arguments = path, arguments
        self._folder, self._is_paused = folder, paused
        self._host = LiveHost(folder)
        self._hosts = ScriptHosts(self._host, private)
        self._thread = threading.Thread(target=self._run, name="tuitrain-script", daemon=True)
        self._is_abandoned = False
        self._output: LogCapture | None = None

    def build(self, on_progress: ProgressCallback, output: LogCapture) -> Session:
        """Start the script, and wait for its session; called by the thread of the live run.

        Raises
        ------
        TuitrainError : the script has ended without a step, or the run is closed
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        output.write_to(self._folder / LOG_NAME)
        self._output = output
        on_progress(f"running {self._path}")
        self._thread.start()
        session = self._host.wait_for_session()
        if self._is_paused:
            session.pause_at_start()
        return session

    @property
    def folder(self) -> Path:
        """The folder of the record, which the script may have chosen."""
        return self._host.out or self._folder

    def find_detach_problem(self) -> str:
        """Return why the run cannot continue in a process of its own, or ""."""
        session = self._host.session
        if session is None or session.engine.capabilities.missing(Capability.REWIND):
            return CANNOT_DETACH
        return ""

    def end_run(self) -> None:
        """Close the record of a script that has not ended although its run was left."""
        if self._thread.is_alive() and self._host.end_loop is not None:
            self._host.end_loop(None)

    def close(self) -> None:
        """Note that the run is being closed."""
        self._host.close()

    def abandon(self) -> None:
        """End the step under way, which then does not count; do not wait for the script."""
        self._is_abandoned = True
        self._host.abandon()

    def release(self) -> None:
        """Let the script continue after the last step of its run; else end its loop."""
        self._host.release()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end of the script; return whether it has ended.

        Parameters
        ----------
        timeout : maximum seconds to wait (default: `JOIN_SECONDS`; for a script whose run has
            finished no limit, and for one whose step was abandoned none at all)
        """
        if self._is_abandoned:
            return True
        if timeout is None and not self._host.has_finished:
            timeout = JOIN_SECONDS
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error = run_script(self._path, self._arguments, self._hosts)
        self._host.give_up(ended_without_step(self._path, self._host, error))
        session = self._host.session
        if isinstance(error, KeyboardInterrupt):
            self.status = INTERRUPTED
        elif error is None or not is_failure(error):
            self.status = exit_status(error, lambda _: None) or int(self._hosts.has_later_failed)
        elif session is not None and session.phase in (Phase.FINISHED, Phase.STOPPED):
            print_end(error)  # after the last step; the screen has closed
            self.status = 1
        elif session is None and self._output is not None:
            self._output.add("error", describe_at_length(error))
