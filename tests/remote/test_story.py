"""A detached run from its start to its replay: list, ctl, a viewer that is killed, the record."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.remote.runs import TIMEOUT
from tuitrain.cli import main
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.local.live_entry import read_entries, run_id
from tuitrain.remote.local.sockets_folder import sockets_folder
from tuitrain.run.snapshot import Phase

SCENARIO = """
schema = 1
name = "story"
model = "mlp"
data = "mnist-mini"
batch_size = 64
epochs = 2000
optimizer = { name = "sgd", lr = 0.05 }
"""

VIEWER = """
import sys
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.remote_source import RemoteSource
source = RemoteSource(endpoint_of(sys.argv[1]), "doomed").start()
source.wait_for(lambda shown: source.received > 1, 60)
print("attached", flush=True)
source.wait_for(lambda shown: False, 600)
"""


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    """Run ``tuitrain ctl story … --json``, and return its exit status and its answer."""
    status = main(["ctl", "story", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_a_detached_run_is_steered_left_and_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuitrain.remote.local.live_runs.STATUS_SECONDS", TIMEOUT)
    file, folder = tmp_path / "story.toml", tmp_path / "record"
    file.write_text(SCENARIO)
    assert main(["run", "--detach", str(file), "--out", str(folder), "--json"]) == 0
    started = json.loads(capsys.readouterr().out)
    assert started["folder"] == str(folder)
    try:
        status, waited = ask(capsys, "wait", "--until", "step 20", "--timeout", "120")
        assert (status, waited["met"]) == (0, True)

        status, reply = ask(capsys, "lr", "*", "x0.5", "--why", "plateau")
        assert (status, reply["outcome"]) == (0, "applied")
        status, reply = ask(capsys, "freeze", "nothing")
        assert (status, reply["outcome"]) == (1, "refused")

        assert main(["list", "--json"]) == 0
        (row,) = map(json.loads, capsys.readouterr().out.splitlines())
        assert (row["run"], row["pid"], row["phase"]) == ("story", started["pid"], "running")

        with subprocess.Popen(
            [sys.executable, "-c", VIEWER, "story"], stdout=subprocess.PIPE, text=True
        ) as viewer:
            assert viewer.stdout is not None
            assert viewer.stdout.readline() == "attached\n"
            viewer.send_signal(signal.SIGKILL)

        source = RemoteSource(endpoint_of(started["id"]), "again").start()
        shown = source.wait_for(
            lambda shown: source.received and shown.attachment.viewers == 1, TIMEOUT
        )
        assert shown.phase is Phase.RUNNING
        source.close()

        status, journal = ask(capsys, "journal")
        assert [(row["command"], row["actor"], row["why"]) for row in journal["entries"]] == [
            ("lr * x0.5", "ctl", "plateau"),
            ("freeze nothing", "ctl", ""),
        ]
        assert ask(capsys, "stop")[0] == 0
    finally:
        for facts in read_entries():
            subprocess.run(["kill", str(facts.pid)], check=False)
    capsys.readouterr()
    _wait_for_the_record(folder)
    assert main(["replay", str(folder)]) == 0
    assert "identical" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_is_resumed_with_the_commands_that_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: signal.Signals
) -> None:
    file, folder = tmp_path / "story.toml", tmp_path / "record"
    file.write_text(SCENARIO)
    assert main(["run", "--detach", str(file), "--out", str(folder), "--json"]) == 0
    started = json.loads(capsys.readouterr().out)
    try:
        status, reply = ask(capsys, "freeze", "*", "--at", "300000", "--why", "later")
        assert (status, reply["outcome"]) == (0, "scheduled")
        os.kill(started["pid"], ending)
        _wait_for_the_record(folder)
        assert main(["resume", "--detach", str(folder), "--json"]) == 0
        capsys.readouterr()
        status, shown = ask(capsys, "status")
        assert shown["scheduled"] == ["step 300000: freeze * (ctl)"]
        assert shown["scheduled_ids"] == [reply["id"]]
        assert ask(capsys, "cancel", str(reply["id"]))[1]["outcome"] == "refused"
        assert ask(capsys, "stop")[0] == 0
    finally:
        for facts in read_entries():
            subprocess.run(["kill", str(facts.pid)], check=False)
    _wait_for_the_record(folder)
    assert not (folder / "scheduled.json").exists()


def _wait_for_the_record(folder: Path) -> None:
    """Wait until the process of the run has released its record and its entry.

    A process that is killed closes its files one after another, so one lock does not tell.
    """
    entry = sockets_folder() / f"{run_id(folder)}.lock"
    for path in (folder / "journal.jsonl", entry):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)


def test_without_a_live_run_the_exit_status_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ctl", "none-such", "status"]) == 3
    assert "no run is live" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["status"], ["pause"], ["lr fc 0.01"], ["wait", "--until", "end"]]
)
def test_a_run_that_is_the_only_one_needs_no_name(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ctl", *words]) == 3
    assert capsys.readouterr().err.startswith("tuitrain: no run is live")


def test_a_run_without_a_question_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ctl", "lenet"]) == 2
    assert "needs a command" in capsys.readouterr().err


def test_the_help_of_ctl_has_its_own_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["ctl", "--help"])
    assert "the condition was not met" in capsys.readouterr().out
