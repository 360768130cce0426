"""The part of the benchmark for loops in PyTorch."""

from tuitrain.bench.parts import torch_loops
from tuitrain.bench.plan import Plan


def test_without_pytorch_the_part_says_so(monkeypatch):
    monkeypatch.setattr(torch_loops, "find_spec", lambda name: None)
    for case in torch_loops.cases(Plan(rounds=1, seconds=0.1)):
        for row in case.measure():
            problems = {trials.problem for trials in row.trials.values()}
            assert problems == {"PyTorch is not installed"}
