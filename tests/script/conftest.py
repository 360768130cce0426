"""The problem of the tests of scripts, and runs of it under `watch`."""

import pytest

import tuitrain
from tests.script.problem import EPOCHS, Problem, make_problem


@pytest.fixture
def problem() -> Problem:
    return make_problem()


@pytest.fixture
def watch(problem, tmp_path):
    """Return a function that watches the problem; the run is ended after the test."""
    runs = []

    def start(**settings):
        settings = {"loader": problem.loader, "epochs": EPOCHS, "out": tmp_path / "run"} | settings
        runs.append(tuitrain.watch(problem.net, problem.optimizer, **settings))
        return runs[-1]

    yield start
    for run in runs:
        run.finish()
