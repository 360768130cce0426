"""Fixtures and readers of the tests of loops in PyTorch."""

import json
from pathlib import Path

import pytest

import tuitrain


@pytest.fixture
def watch(tmp_path):
    """Return a function that watches a problem; its runs are ended after the test."""
    runs = []

    def start(problem, **settings):
        number = len(runs)
        out = tmp_path / f"run{number}"
        optimizer = settings.pop("optimizer", problem.optimizer)
        runs.append(tuitrain.watch(problem.net, optimizer, **{"out": out, **settings}))
        return runs[-1]

    yield start
    for run in runs:
        run.finish()


def read_lines(folder: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def commands_of(folder: Path) -> list[tuple[int, str, str]]:
    lines = read_lines(folder, "journal.jsonl")
    return [(e["step"], e["command"], e["outcome"]) for e in lines if e["event"] == "command"]


def messages_of(folder: Path) -> list[str]:
    lines = read_lines(folder, "journal.jsonl")
    return [e["message"] for e in lines if e["event"] == "command"]


def losses_of(folder: Path) -> list[float]:
    lines = read_lines(folder, "metrics.jsonl")
    return [loss for line in lines if "loss" in line for loss in line["loss"]]
