"""Open the app on a run of this process, which ends with the app."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tuitrain.encoding import write_line
from tuitrain.errors import RunFailedError
from tuitrain.records.record_reader import HEADER
from tuitrain.remote.identity import viewer_name
from tuitrain.remote.server.local_screen import LocalScreen
from tuitrain.remote.server.serving import serving
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.logs.fd_capture import capture_descriptors
from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.session import Session
from tuitrain.run.snapshot import RunInfo
from tuitrain.scenario.runs.run_list import runs_folder
from tuitrain.text import visible

from ..flight_results import FlightResults
from ..renderables.charts.pinned_runs import PinnedRun
from .detaching import LeavingRun
from .leaving import Abandon, leave_run


@dataclass(frozen=True, slots=True)
class RunLaunch:
    """A run that the app opens.

    Attributes
    ----------
    build : makes the session, in the run's thread
    info : the facts of the run that are known before it is built
    folder : of the record
    private : whether to serve the run to no other process
    leaving : notes how the user leaves a run that can continue in a process of its own; None for
        one that cannot
    on_closed : called when the app has closed, before the run is
    abandon : ends a step under way, if the user does not wait for its end; None if that cannot be
    find_detach_problem : returns why the run cannot be detached now, in one sentence, or ""
    results : keeps the best result of first flights; None for another run
    """

    build: Callable[[ProgressCallback, LogCapture], Session]
    info: RunInfo
    folder: Path
    private: bool = False
    leaving: LeavingRun | None = None
    on_closed: Callable[[], None] = lambda: None
    abandon: Abandon | None = None
    find_detach_problem: Callable[[], str] = lambda: ""
    results: FlightResults | None = None


def open_live(
    launch: RunLaunch, read_only: bool = False, pinned: tuple[PinnedRun, ...] = ()
) -> None:
    """Open the app on a run, serve the run to other viewers, and close it with the app.

    Parameters
    ----------
    read_only : refuse every command
    pinned : past runs that are drawn for comparison

    Raises
    ------
    RunFailedError : a step raised, or the screen crashed
    TuitrainError : the session could not be built
    KeyboardInterrupt : the user has not waited for the end of the step
    """
    folder, name, output = launch.folder, launch.info.name, LogCapture()
    with capture_descriptors(output), output.capture():
        run = LiveRun(
            lambda on_progress: launch.build(on_progress, output), launch.info, log=output
        )
        log_warning = partial(output.add, "warning")
        with serving(run, folder, name, log_warning, launch.private) as pen:
            screen = LocalScreen(run, pen, viewer_name(), read_only, ends_run=False)
            run.start()
            with closing(screen):
                _show(launch, run, screen, output, read_only, pinned)
    if isinstance(run.error, RunFailedError):
        raise RunFailedError(f"the run has failed: {run.error}; the log is {folder / LOG_NAME}")
    if run.error is not None:
        raise run.error


def _show(
    launch: RunLaunch,
    run: LiveRun,
    screen: LocalScreen,
    output: LogCapture,
    read_only: bool,
    pinned: tuple[PinnedRun, ...],
) -> None:
    """Show a run until the user leaves it, and end it."""
    from ..app import TuitrainApp
    from ..config import config_path
    from ..framework.runner import run_app

    leaving = launch.leaving
    app = TuitrainApp(
        screen, record=launch.folder, read_only=read_only, config=config_path(), output=output
    )
    app.deck.compare_with(runs_folder(), pinned)
    app.deck.first_flight.results = launch.results
    if leaving is not None and not launch.private:
        app.deck.detach_problem = launch.find_detach_problem
    try:
        run_app(app)
    finally:
        launch.on_closed()
        if leaving is not None and app.deck.detaches:
            leaving.prepare(run)
        leave_run(run, launch.abandon)


@contextmanager
def printing_record(folder: Path) -> Generator[None, None, None]:
    """Print the record's folder after the screen has closed; remove a folder without a record."""
    try:
        yield
    finally:
        log = folder / LOG_NAME
        if (folder / HEADER).exists():
            write_line(f"recorded in {visible(str(folder))}", sys.stderr)
        else:
            with suppress(OSError):  # another user's folder, or not empty
                if not log.stat().st_size:
                    log.unlink()
                    folder.rmdir()
