"""Open the app: on a scenario, a resumed run, or a recording."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path

from tuitrain.encoding import write_line
from tuitrain.errors import RunFailedError, TuitrainError
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
from tuitrain.scenario.build import make_run_info
from tuitrain.scenario.bundled import is_first_flight
from tuitrain.scenario.live_expectations import build_with_expectations
from tuitrain.scenario.resume import resume_session
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import new_run_folder, runs_folder
from tuitrain.scenario.schema import Scenario, log_places
from tuitrain.scenario.verify import make_header, read_repeatable
from tuitrain.text import visible
from tuitrain.tracking.live import continue_logs, open_record

from .detaching import LeavingRun, detaching
from .flight_results import FlightResults
from .leaving import Abandon, leave_run
from .renderables.charts.pinned_runs import PinnedRun


def is_in_browser() -> bool:
    """Return whether the app is shown by a browser, for `tuitrain serve`."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


def check_terminal(instead: str = "tuitrain run --headless") -> None:
    """Check that there is a terminal, or a browser in its place.

    Parameters
    ----------
    instead : the command that does the same without a terminal

    Raises
    ------
    TuitrainError : input or output is not a terminal, or its encoding is not UTF-8
    """
    if is_in_browser():
        return
    streams = (sys.stdin, sys.stdout, sys.stderr)  # a stream that was closed at the start is None
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise TuitrainError(f"the app needs a terminal; without one use: {instead}")
    encoding = sys.stderr.encoding
    if not encoding.lower().startswith("utf"):  # it is drawn on stderr
        raise TuitrainError(
            f"the app draws with characters that only UTF-8 has, and this terminal's encoding is "
            f"{encoding}; start it with PYTHONIOENCODING=utf-8, or use: {instead}"
        )


def open_scenario(
    scenario: Scenario,
    source: str,
    out: Path | None = None,
    read_only: bool = False,
    pinned: tuple[PinnedRun, ...] = (),
    private: bool = False,
    paused: bool = False,
) -> None:
    """Open the app on a scenario, and record the run.

    Parameters
    ----------
    source : the scenario's name in errors
    out : the folder of the record; None makes a new one
    read_only : refuse every command
    pinned : past runs that are drawn for comparison
    private : serve the run to no other process
    paused : whether it waits before its first step

    Raises
    ------
    ScenarioError : the scenario could not be built
    RunFailedError : a step raised, or the screen crashed
    """
    where = out or new_run_folder(scenario.name)
    with printing_record(where), detaching(where) as leaving, ExitStack() as files:

        def build(on_progress: ProgressCallback, output: LogCapture) -> Session:
            places = log_places(scenario.log)
            recorder = open_record(where, make_header(scenario, source), files, places)
            output.write_to(where / LOG_NAME)
            session = build_with_expectations(scenario, source, on_progress, recorder)
            if paused:
                session.pause_at_start()
            return session

        info = make_run_info(scenario)
        results = FlightResults() if is_first_flight(scenario) else None
        open_live(
            build,
            info,
            where,
            read_only,
            pinned,
            private=private,
            leaving=leaving,
            results=results,
        )


def resume_run(folder: Path, pinned: tuple[PinnedRun, ...] = ()) -> None:
    """Open the app on a recorded run, and continue it from the end of its record.

    Raises
    ------
    TuitrainError : the folder holds no run, or its header cannot be read
    """
    _, scenario = read_repeatable(folder)
    with printing_record(folder), detaching(folder) as leaving, ExitStack() as files:

        def build(on_progress: ProgressCallback, output: LogCapture) -> Session:
            output.write_to(folder / LOG_NAME)
            return resume_session(folder, files, on_progress, continue_logs(folder, files))

        info = make_run_info(scenario)
        results = FlightResults() if is_first_flight(scenario) else None
        open_live(build, info, folder, False, pinned, leaving=leaving, results=results)


def open_recording(folder: Path, pinned: tuple[PinnedRun, ...] = ()) -> None:
    """Open the app on the record of a run.

    Raises
    ------
    TuitrainError : the folder holds no run, or it cannot be read
    """
    recording = RecordPlayer(folder)

    from .app import TuitrainApp
    from .config import config_path
    from .framework.runner import run_app
    from .screens.deck.recording_deck import RecordingDeck

    deck = RecordingDeck(recording, record=folder)
    app = TuitrainApp(recording, config=config_path(), deck=deck)
    app.deck.compare_with(runs_folder(), pinned)
    run_app(app)


def open_live(
    build: Callable[[ProgressCallback, LogCapture], Session],
    title: RunInfo,
    where: Path,
    read_only: bool,
    pinned: tuple[PinnedRun, ...],
    on_closed: Callable[[], None] = lambda: None,
    private: bool = False,
    leaving: LeavingRun | None = None,
    abandon: Abandon | None = None,
    find_detach_problem: Callable[[], str] = lambda: "",
    results: FlightResults | None = None,
) -> None:
    """Open the app on a live run, served to other viewers, and close the run with the app.

    Parameters
    ----------
    build : makes the session, in the run's thread
    title : the facts of the run that are known before it is built
    where : the folder of the record
    read_only : refuse every command
    pinned : past runs that are drawn for comparison
    on_closed : called when the app has closed, before the run is
    private : serve the run to no other process
    leaving : notes how the user leaves a run that can continue in a process of its own; None for
        one that cannot
    abandon : ends a step under way, if the user does not wait for its end
    results : keeps the best result of first flights; None for another run
    find_detach_problem : returns why the run cannot be detached now, in one sentence, or ""

    Raises
    ------
    RunFailedError : a step raised, or the screen crashed
    TuitrainError : the session could not be built
    KeyboardInterrupt : the user has not waited for the end of the step
    """
    from .app import TuitrainApp
    from .config import config_path
    from .framework.runner import run_app

    output = LogCapture()
    with capture_descriptors(output), output.capture():
        run = LiveRun(lambda on_progress: build(on_progress, output), title, log=output)
        with serving(run, where, title.name, partial(output.add, "warning"), private) as pen:
            screen = LocalScreen(run, pen, viewer_name(), read_only, ends_run=False)
            app = TuitrainApp(
                screen, record=where, read_only=read_only, config=config_path(), output=output
            )
            app.deck.compare_with(runs_folder(), pinned)
            app.deck.first_flight.results = results
            if leaving is not None and not private:
                app.deck.detach_problem = find_detach_problem
            run.start()
            with closing(screen):
                try:
                    run_app(app)
                finally:
                    on_closed()
                    if leaving is not None and app.deck.detaches:
                        leaving.prepare(run)
                    leave_run(run, abandon)
    if isinstance(run.error, RunFailedError):
        raise RunFailedError(f"the run has failed: {run.error}; the log is {where / LOG_NAME}")
    if run.error is not None:
        raise run.error


@contextmanager
def printing_record(folder: Path) -> Iterator[None]:
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
