"""The seed of a script: the one that it has set, and none where it has set none."""

import subprocess
import sys

import msgspec
import pytest
import torch

from tests.torch_script.fixtures import watch
from tests.torch_script.problem import make_problem
from tuitrain.records.record_reader import read_header
from tuitrain.scenario.runs.record_player import RecordPlayer

__all__ = ["watch"]


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_a_seed_that_the_script_has_set_is_shown_and_recorded(watch, seed):
    problem = make_problem()
    torch.manual_seed(seed)
    run = watch(problem)
    problem.train_epochs(1)
    run.finish()
    assert run.info.seed == seed
    assert RecordPlayer(run.folder).snapshot().info.seed == seed


def test_without_a_seed_none_is_shown(watch):
    problem = make_problem()
    torch.seed()  # as a new process does
    run = watch(problem)
    problem.train_epochs(1)
    run.finish()
    assert run.info.seed is None
    assert read_header(run.folder).seed is msgspec.UNSET
    assert RecordPlayer(run.folder).snapshot().info.seed is None


def test_a_new_process_has_set_no_seed():
    code = "import torch; from tuitrain.engines.registry import torch_seed; print(torch_seed())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
