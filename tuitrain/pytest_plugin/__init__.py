"""A plugin for pytest: scenarios as tests, and fixtures that replay runs and draw screens.

pytest finds it by itself where tuitrain is installed; ``-p no:tuitrain`` leaves it out. This module
is imported at every start of pytest, so it imports the rest of tuitrain where it is used.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from .drawn_screen import DrawScreen
    from .replayed_run import ReplayScenario
    from .scenario_tests import ScenarioFile

SCENARIOS: Final = "tuitrain_scenarios"
MARKS: Final = "tuitrain_scenario_marks"

_folders = pytest.StashKey[tuple[Path, ...]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the keys of pytest's configuration file."""
    scenarios = "scenario files of tuitrain, or folders of them: each expectation becomes a test"
    parser.addini(SCENARIOS, scenarios, type="paths", default=[])
    marks = "marks of all tests of scenarios, such as slow"
    parser.addini(MARKS, marks, type="args", default=[])


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and have pytest collect the scenarios wherever it collects all tests.

    Raises
    ------
    UsageError : ``tuitrain_scenarios`` names a path that does not exist
    """
    config.addinivalue_line("markers", "scenario: a test of an expectation in a scenario")
    folders = tuple(Path(os.path.normpath(path)) for path in config.getini(SCENARIOS))
    for folder in folders:
        if not folder.exists():
            raise pytest.UsageError(_missing(folder))
    config.stash[_folders] = folders
    if folders and config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        start = config.invocation_params.dir
        named = [Path(os.path.normpath(start / argument)) for argument in config.args]
        config.args += [str(path) for path in folders if not _is_within(path, named)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect a file of the scenarios that the project names."""
    folders = parent.config.stash.get(_folders, ())
    if file_path.suffix != ".toml" or not _is_within(file_path, folders):
        return None

    from .scenario_tests import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.fixture(scope="session")
def replay_scenario(request: pytest.FixtureRequest) -> ReplayScenario:
    """Run a scenario, a file or its text: ``run = replay_scenario("scenarios/decay.toml")``.

    A relative path is one below the folder of pytest's configuration file. With ``until=N`` the run
    ends before step N. The result has the findings, the commands, the curves and the metrics:
    ``assert run.ok, run.report``.
    """
    from .replayed_run import ReplayScenario

    return ReplayScenario(request.config.rootpath)


@pytest.fixture(scope="session")
def draw_screen() -> DrawScreen:
    """Draw the screen of a run as text and as SVG: ``draw_screen(run, size=(80, 24)).text``.

    The run is what `replay_scenario` returns. ``keys`` are pressed before:
    ``keys=["question_mark"]`` draws the help. The same numbers give the same characters.
    """
    from .drawn_screen import DrawScreen

    return DrawScreen()


def _missing(path: Path) -> str:
    """Return the error for a path that does not exist."""
    from tuitrain.errors import did_you_mean

    present = [entry.name for entry in path.parent.glob("*")]
    hint = did_you_mean(path.name, present)
    return f"{SCENARIOS}: {path}: no such file or folder{hint}"


def _is_within(path: Path, folders: tuple[Path, ...] | list[Path]) -> bool:
    """Whether a path is one of the folders, or below one."""
    return any(path == folder or folder in path.parents for folder in folders)
