"""The part of the benchmark for loops in PyTorch."""

import subprocess
import sys

import pytest

from tests.installed import is_installed
from tuitrain.bench.parts import torch_loops
from tuitrain.bench.plan import Plan


def test_without_pytorch_the_part_says_so(monkeypatch):
    monkeypatch.setattr(torch_loops, "find_spec", lambda name: None)
    for case in torch_loops.cases(Plan(rounds=1, seconds=0.1)):
        for row in case.measure():
            problems = {trials.problem for trials in row.trials.values()}
            assert problems == {"PyTorch is not installed"}


@pytest.mark.skipif(not is_installed("torch"), reason="PyTorch is not installed")
def test_the_probe_prints_the_cost_of_a_step():
    command = [sys.executable, "-m", "tuitrain.bench.probes.watched_loop"]
    for words in (["cost", "0", "0.2", "0"], ["cost", "0.001", "0.4", "1"]):
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=True)
        assert 0 <= float(done.stdout) < 1
        assert "descriptors" not in done.stderr
