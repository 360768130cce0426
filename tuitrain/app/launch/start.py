"""Open the start screen, and the choices that a user makes there."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.live_list import LiveList
from tuitrain.scenario.bundled import bundled_scenarios, default_scenario, scenario_for
from tuitrain.scenario.load import load
from tuitrain.scenario.runs.run_list import list_runs

from ..start_choice import AttachRun, OpenRecording, ResumeRun, RunScenario, StartChoice, TrainModel
from .attached import open_attached
from .scenarios import open_recording, open_scenario, resume_run


def open_start_screen(folder: Path) -> None:
    """Show the start screen and open the choice, until nothing is chosen.

    Parameters
    ----------
    folder : the folder of past runs

    Raises
    ------
    RunFailedError : the last run that failed; the start screen shows the problem of a choice that
        could not be opened, and takes another choice
    """
    from ..config import config_path, read_hosts
    from ..framework.runner import run_app
    from ..start_app import StartApp

    scenarios, problem = bundled_scenarios(), ""
    failure: RunFailedError | None = None
    while True:
        with closing(LiveList(read_hosts(config_path())).start()) as live:
            past = partial(list_runs, folder)
            app = StartApp(scenarios, past, folder, config_path(), problem, live)
            choice = run_app(app)
        if choice is None:
            break
        problem = ""
        try:
            _open_choice(choice)
        except TuitrainError as mistake:
            problem = str(mistake)
            failure = mistake if isinstance(mistake, RunFailedError) else failure
    if failure is not None:
        raise failure


def _open_choice(choice: StartChoice) -> None:
    match choice:
        case RunScenario(path=None):
            open_scenario(*default_scenario(), pinned=choice.pinned)
        case RunScenario(path=Path() as path):
            open_scenario(load(path), str(path), pinned=choice.pinned)
        case TrainModel(data=data, model=model):
            open_scenario(scenario_for(data, model), "the new run", pinned=choice.pinned)
        case ResumeRun(folder=folder):
            resume_run(folder, choice.pinned)
        case OpenRecording(folder=folder):
            open_recording(folder, choice.pinned)
        case AttachRun(word=word):
            open_attached(endpoint_of(word), pinned=choice.pinned)
