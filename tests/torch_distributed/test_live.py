"""A run of two ranks is steered from another process while it trains."""

import json
import time
from contextlib import contextmanager

import pytest

from tests.torch_distributed.launch import SECONDS, started
from tests.torch_script.fixtures import commands_of, read_lines
from tuitrain.cli import main
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.run.snapshot import Phase

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


@contextmanager
def live(folder, **settings):
    """Start a run of two ranks, and check at its end that both have the same weights."""
    with started("endless.py", 2, folder, str(folder / "run"), json.dumps(settings)) as ranks:
        deadline = time.monotonic() + SECONDS
        while "this run is live" not in ranks[0].errors:
            assert time.monotonic() < deadline
            assert ranks[0].process.poll() is None, ranks[0].errors
        yield str(folder / "run")
        assert [rank.wait() for rank in ranks] == [0, 0], ranks[0].errors
    assert ranks[0].printed == ranks[1].printed != ""


def test_commands_from_another_process_reach_all_ranks(folders):
    with live(folders) as out:
        for command in COMMANDS:
            assert main(["ctl", out, command]) == 0, command
    answers = [(command, outcome) for _, command, outcome in commands_of(folders / "run")]
    assert answers == [(command, "applied") for command in COMMANDS]


def test_the_limits_of_a_run_hold_on_all_ranks(folders):
    limits = {"lr_factor": 3, "groups": ["last"], "checkpoint": True}
    with live(folders, limits=limits) as out:
        assert main(["ctl", out, "--agent", "lr last x100"])
        assert main(["ctl", out, "--agent", "freeze body"])
        assert main(["ctl", out, "--agent", "lr last x2"]) == 0
        assert main(["ctl", out, "stop"]) == 0
    answers = [(command, outcome) for _, command, outcome in commands_of(folders / "run")]
    assert answers == [
        ("lr last x100", "refused"),
        ("freeze body", "refused"),
        ("checkpoint before-agent", "applied"),
        ("lr last x2", "applied"),
        ("stop", "applied"),
    ]


def test_a_planned_breakpoint_on_a_metric_holds_all_ranks_for_a_viewer(folders):
    with live(folders, plan={0: "break when accuracy > 0.5"}) as out:
        source = RemoteSource(endpoint_of(out), "laptop").start()
        assert source.wait_for(lambda shown: source.received > 1, SECONDS)
        (folders / "go").touch()
        assert source.wait_for(lambda shown: shown.phase is Phase.PAUSED, SECONDS)
        source.close()
        assert main(["ctl", out, "stop"]) == 0
    (message,) = [
        line["message"]
        for line in read_lines(folders / "run", "journal.jsonl")
        if line.get("command") == "pause"
    ]
    assert message.startswith("break before step")
