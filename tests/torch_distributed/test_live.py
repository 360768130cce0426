"""A run of two ranks is steered from another process while it trains."""

import time

import pytest

from tests.torch_distributed.launch import SECONDS, started
from tests.torch_script.fixtures import commands_of
from tuitrain.cli import main

COMMANDS = [
    "freeze body",
    "optimizer last sgd momentum=0.9",
    "lr last x0.5",
    "pause",
    "thaw body",
    "step 3",
    "checkpoint here",
    "rewind 5",
    "resume",
    "clip norm 0.1",
    "pause",
    "rewind here",
    "undo",
    "resume",
    "stop",
]


@pytest.fixture
def folders(tmp_path, monkeypatch):
    runtime = tmp_path / "rt"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_commands_from_another_process_reach_all_ranks(folders):
    out = folders / "run"
    with started("endless.py", 2, folders, str(out)) as ranks:
        deadline = time.monotonic() + SECONDS
        while "this run is live" not in ranks[0].errors:
            assert time.monotonic() < deadline
            assert ranks[0].process.poll() is None, ranks[0].errors
        for command in COMMANDS:
            assert main(["ctl", str(out), command]) == 0, command
        assert [rank.wait() for rank in ranks] == [0, 0], ranks[0].errors
    assert ranks[0].printed == ranks[1].printed != ""
    answers = [(command, outcome) for _, command, outcome in commands_of(out)]
    assert answers == [(command, "applied") for command in COMMANDS]
