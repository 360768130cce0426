"""The process of a detached run: trains it, serves it, and ends with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

from tuitrain.errors import RunFailedError
from tuitrain.records.record_reader import HEADER
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.logs.fd_capture import capture_descriptors
from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo
from tuitrain.scenario.build import make_run_info
from tuitrain.scenario.live_expectations import build_with_expectations
from tuitrain.scenario.resume import resume_session
from tuitrain.scenario.schema import Scenario, log_places
from tuitrain.scenario.verify import make_header, read_repeatable
from tuitrain.tracking.live import continue_logs, open_record

from ..server.run_server import RunServer

POLL_SECONDS: Final = 0.2
"""Seconds between two checks of whether the run has ended; a signal is heeded meanwhile."""

LINGER_SECONDS: Final = 1.0
"""Seconds that an ended run stays for a program that waits for its end, such as ``ctl wait``."""

Build = Callable[[ProgressCallback, LogCapture], Session]


def host_scenario(scenario: Scenario, source: str, folder: Path, paused: bool = False) -> None:
    """Train a scenario in this process, served to viewers, and record it.

    A run that could not be built leaves no folder, unless there was one before.

    Parameters
    ----------
    source : the scenario's name in errors
    folder : of the record
    paused : whether it waits for a user before its first step

    Raises
    ------
    TuitrainError : the run is live already, or could not be built
    RunFailedError : a step raised
    """
    with ExitStack() as files:
        if not folder.exists():
            files.callback(_remove_unbuilt, folder)

        def build(on_progress: ProgressCallback, output: LogCapture) -> Session:
            places = log_places(scenario.log)
            recorder = open_record(folder, make_header(scenario, source), files, places)
            output.write_to(folder / LOG_NAME)
            session = build_with_expectations(scenario, source, on_progress, recorder)
            if paused:
                session.pause_at_start()
            return session

        host_run(build, make_run_info(scenario), folder)


def _remove_unbuilt(folder: Path) -> None:
    """Remove a folder that has only the log of a run that could not be built."""
    with suppress(OSError):
        if not (folder / HEADER).exists():
            (folder / LOG_NAME).unlink(missing_ok=True)
            folder.rmdir()


def host_resumed(folder: Path, paused: bool) -> None:
    """Continue a recorded run in this process, served to viewers, from the end of its record.

    Parameters
    ----------
    folder : of the record
    paused : whether it waits there for a user

    Raises
    ------
    TuitrainError : as `host_scenario`
    """
    _, scenario = read_repeatable(folder)
    with ExitStack() as files:

        def build(on_progress: ProgressCallback, output: LogCapture) -> Session:
            output.write_to(folder / LOG_NAME)
            session = resume_session(folder, files, on_progress, continue_logs(folder, files))
            if not paused and session.phase is Phase.PAUSED:
                session.phase = Phase.RUNNING
            return session

        host_run(build, make_run_info(scenario), folder)


def host_run(
    build: Build, info: RunInfo, folder: Path, close: Callable[[LiveRun], object] = LiveRun.close
) -> None:
    """Train a run in this process, served to viewers.

    Parameters
    ----------
    build : makes the session, in the run's thread
    info : the facts of the run that are known before it is built
    folder : of the record
    close : ends the run

    Raises
    ------
    TuitrainError : the run is live already, or could not be built
    RunFailedError : a step raised
    """
    output = LogCapture()
    with capture_descriptors(output), output.capture():
        run = LiveRun(lambda on_progress: build(on_progress, output), info, log=output)
        server = RunServer(run, folder, info.name, lambda text: output.add("warning", text))
        with closing(server), ExitStack() as stack:
            stack.callback(close, run)
            server.start()
            run.start()
            try:
                _wait_for_end(run, server)
            except KeyboardInterrupt:  # a signal; the run may be resumed
                run.keep_scheduled()
                raise
            if run.error is not None and not isinstance(run.error, RunFailedError):
                output.add("error", str(run.error))  # its traceback is not in the log
    if isinstance(run.error, RunFailedError):
        raise RunFailedError(f"the run has failed: {run.error}; the log is {folder / LOG_NAME}")
    if run.error is not None:
        raise run.error


def _wait_for_end(run: LiveRun, server: RunServer) -> None:
    """Wait until the run has ended and no viewer looks at it."""
    while not run.join(POLL_SECONDS).phase.ended:
        pass
    time.sleep(LINGER_SECONDS)
    while run.snapshot().phase.ended and server.has_viewers:
        time.sleep(POLL_SECONDS)
    if not run.snapshot().phase.ended:  # a viewer has gone back in its history
        _wait_for_end(run, server)
