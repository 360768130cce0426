"""Open the app on a script: its loop runs in a thread, since the app needs the main one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from pathlib import Path

from tuitrain.engines.loops.turns import StoppedError
from tuitrain.errors import TuitrainError
from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.session import Session
from tuitrain.run.snapshot import JournalEntry, Phase, RunInfo
from tuitrain.scenario.runs.run_list import new_run_folder
from tuitrain.script.host import EndLoop, Loop, end_with_loop
from tuitrain.script.runner import check_script, exit_status, run_script

from .launch import open_live, printing_record

JOIN_SECONDS = 5.0
"""Seconds that a script gets to end after the app has closed."""


class AppHost:
    """Hands the session of a script to the thread of a live run.

    Parameters
    ----------
    out : the folder of the record

    Attributes
    ----------
    end_loop : ends the run of the script; None if the script has not called `watch`
    """

    reports_record = False
    error: BaseException | None = None
    refusals: Sequence[JournalEntry] = ()

    def __init__(self, out: Path) -> None:
        self.out: Path | None = out
        self.end_loop: EndLoop | None = None
        self._sessions: queue.SimpleQueue[Session | TuitrainError] = queue.SimpleQueue()
        self._loop: Loop | None = None
        self._session: Session | None = None
        self._is_closed = False
        self._has_ended = threading.Event()

    def watch(self, end_loop: EndLoop) -> None:
        """Note how the run is ended."""
        self.end_loop = end_loop

    def start(self, session: Session, loop: Loop) -> None:
        """Hand over the session; the app ends it with the loop."""
        if self._is_closed:
            raise StoppedError
        self._session, self._loop = session, loop
        session.on_boundary = lambda: end_with_loop(session, loop)
        self._sessions.put(session)

    def join(self) -> None:
        """Wait until the app has closed."""
        self._has_ended.wait()

    def wait_for_session(self) -> Session:
        """Wait for the session; called by the thread of the live run.

        Raises
        ------
        TuitrainError : the script has ended without a step, or the app is closed
        """
        session = self._sessions.get()
        if isinstance(session, TuitrainError):
            raise session
        return session

    def give_up(self, reason: str) -> None:
        """End the wait for a session."""
        self._sessions.put(TuitrainError(reason))

    def close(self) -> None:
        """End the wait for a session that has not come, because the app is closed."""
        self._is_closed = True
        self.give_up("the app was closed before the first step of the script")

    def release(self) -> None:
        """Let the script continue after its last step; stop its loop before that."""
        if self._loop is not None and self._session is not None:
            self._loop.turns.release(stop=self._session.phase is not Phase.FINISHED)
        self._has_ended.set()


def open_script(
    path: Path, arguments: Sequence[str], out: Path | None = None, read_only: bool = False
) -> int:
    """Open the app on a script, record its run, and return the script's exit status.

    Parameters
    ----------
    arguments : of the script
    out : the folder of the record; None makes a new one
    read_only : refuse every command

    Raises
    ------
    TuitrainError : there is no such script
    RunFailedError : the script raised, or the screen crashed
    """
    check_script(path)
    where = out or new_run_folder(path.stem)
    host, status = AppHost(where), [0]

    def run() -> None:
        error = run_script(path, arguments, host)
        reason = "" if error is None else f": {type(error).__name__}: {error}"
        host.give_up(f"{path} has ended without a step under tuitrain.watch{reason}")
        if not isinstance(error, Exception):  # the live run has logged others
            status[0] = exit_status(error, lambda _: None)

    thread = threading.Thread(target=run, name="tuitrain-script", daemon=True)

    def build(on_progress: ProgressCallback, output: LogCapture) -> Session:
        where.mkdir(parents=True, exist_ok=True)
        output.write_to(where / LOG_NAME)
        on_progress(f"running {path}")
        thread.start()
        return host.wait_for_session()

    with printing_record(where):
        title = RunInfo(path.stem, "", path.name, 0, 1, 0, 0)
        try:
            open_live(build, title, where, read_only, (), host.close)
        finally:
            host.release()
            if thread.is_alive():
                thread.join(JOIN_SECONDS)
    return status[0]
