"""Open the app on a scenario, a resumed run, or a recording."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tuitrain.run.logs.log_capture import LOG_NAME, LogCapture
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.session import Session
from tuitrain.scenario.build import make_run_info
from tuitrain.scenario.bundled import is_first_flight
from tuitrain.scenario.live_expectations import build_with_expectations
from tuitrain.scenario.resume import resume_session
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import new_run_folder, runs_folder
from tuitrain.scenario.schema import Scenario, log_places
from tuitrain.scenario.verify import make_header, read_repeatable
from tuitrain.tracking.live import continue_logs, open_record

from ..flight_results import FlightResults
from ..renderables.charts.pinned_runs import PinnedRun
from .detaching import detaching
from .live_run import RunLaunch, open_live, printing_record


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

        results = FlightResults() if is_first_flight(scenario) else None
        run = RunLaunch(build, make_run_info(scenario), where, private, leaving, results=results)
        open_live(run, read_only, pinned)


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

        results = FlightResults() if is_first_flight(scenario) else None
        run = RunLaunch(build, make_run_info(scenario), folder, leaving=leaving, results=results)
        open_live(run, pinned=pinned)


def open_recording(folder: Path, pinned: tuple[PinnedRun, ...] = ()) -> None:
    """Open the app on the record of a run.

    Raises
    ------
    TuitrainError : the folder holds no run, or it cannot be read
    """
    recording = RecordPlayer(folder)

    from ..app import TuitrainApp
    from ..config import config_path
    from ..framework.runner import run_app
    from ..screens.deck.recording_deck import RecordingDeck

    deck = RecordingDeck(recording, record=folder)
    app = TuitrainApp(recording, config=config_path(), deck=deck)
    app.deck.compare_with(runs_folder(), pinned)
    run_app(app)
