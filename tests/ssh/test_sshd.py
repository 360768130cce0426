"""Runs of another machine through a real sshd, which must be installed: ``make ssh-test``."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.remote.runs import ServedRun, served
from tests.ssh.daemon import Daemon, listening, remote_command, trust
from tuitrain.commands import parse
from tuitrain.errors import NoSuchRunError
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.live_list import LiveList
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.errors import ConnectionProblem
from tuitrain.run.snapshot import Phase

SECONDS = 60.0
"""Seconds after which a test fails; Python starts on both sides of the connection."""


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    folder = tmp_path / "ssh"
    folder.mkdir()
    with listening(folder) as daemon:
        monkeypatch.setenv("TUITRAIN_SSH", daemon.client)
        monkeypatch.setenv("TUITRAIN_REMOTE_COMMAND", remote_command())
        yield daemon


@pytest.fixture
def made(daemon: Daemon, tmp_path: Path) -> Iterator[ServedRun]:
    with served(tmp_path / "run") as made:
        yield made


def attach(made: ServedRun) -> RemoteSource:
    source = RemoteSource(endpoint_of(f"box:{made.id}"), "laptop").start()
    made.closing.callback(source.close)
    source.wait_for(lambda shown: shown.phase is Phase.PAUSED, SECONDS)
    assert source.error is None
    return source


def failure(word: str) -> Exception | None:
    """Return why a run cannot be watched."""
    source = RemoteSource(endpoint_of(word), "laptop", returns=False).start()
    source.wait_for(lambda _: False, SECONDS)
    source.close()
    return source.error


def cli(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tuitrain", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)


def test_a_run_is_watched_and_steered(made: ServedRun) -> None:
    source = attach(made)
    ticket = source.submit(parse("step 25"), "key")
    shown = source.wait_for(lambda shown: shown.step == 25, SECONDS)
    (entry,) = (entry for entry in shown.journal if entry.ticket == ticket)
    assert (entry.command, entry.outcome) == ("step 25", "applied")
    assert shown.loss.steps.tolist() == list(range(1, 26))


def test_a_lost_connection_comes_back_with_what_was_missed(made: ServedRun, daemon: Daemon) -> None:
    source = attach(made)
    daemon.kill_connections()
    made.run.submit(parse("step 40"), "key")
    shown = source.wait_for(lambda shown: shown.step == 40, SECONDS)
    assert (shown.step, len(shown.loss)) == (40, 40)
    assert (daemon.folder / "log").read_text().count("Accepted publickey") == 2


def test_ctl_acts_on_a_run_and_says_what_it_does(made: ServedRun) -> None:
    done = cli("ctl", f"box:{made.id}", "freeze a", "--json")
    assert (json.loads(done.stdout)["outcome"], done.returncode) == ("applied", 0), done.stderr
    status = json.loads(cli("ctl", f"box:{made.id}", "status", "--json").stdout)
    assert (status["run"], status["phase"]) == ("fake run", "paused")


def test_the_live_runs_of_the_machine_are_listed(made: ServedRun, daemon: Daemon) -> None:
    live = LiveList(["box"], list_here=list).start()
    made.closing.callback(live.close)
    live.wait_for(lambda rows: len(rows) == 1, SECONDS)
    (row,) = live.rows
    assert (row.run, row.word, live.silent_hosts) == ("fake run", f"box:{made.id}", [])


def test_a_list_whose_connection_was_lost_comes_back(
    made: ServedRun, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuitrain.remote.client.live_list.RETRY_SECONDS", 0.1)
    live = LiveList(["box"], list_here=list).start()
    made.closing.callback(live.close)
    live.wait_for(lambda rows: len(rows) == 1, SECONDS)
    daemon.kill_connections()
    live.wait_for(lambda rows: not rows, SECONDS)
    live.wait_for(lambda rows: len(rows) == 1, SECONDS)
    assert [row.run for row in live.rows] == ["fake run"]
    assert live.problems == []


def test_the_deck_opens_in_a_terminal_and_leaves_the_run_alone(made: ServedRun) -> None:
    terminal, child = pty.openpty()
    deck = subprocess.Popen(
        [sys.executable, "-m", "tuitrain", "attach", f"box:{made.id}"],
        stdin=child,
        stdout=child,
        stderr=child,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"},
        start_new_session=True,
    )
    os.close(child)
    try:
        read_until(terminal, b"PAUSED")
        os.write(terminal, b"q")
        read_until(terminal, b"\x1b[?1049l")
        assert deck.wait(SECONDS) == 0
    finally:
        deck.kill()
        deck.wait()
        os.close(terminal)
    assert made.run.snapshot().phase is Phase.PAUSED


def read_until(terminal: int, text: bytes) -> None:
    """Read what a terminal shows, until a text is there."""
    shown, end = b"", time.monotonic() + SECONDS
    while text not in shown:
        ready = select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0]
        assert ready, f"{text!r} was not shown, but {shown[-2000:]!r}"
        shown += os.read(terminal, 1 << 16)


def test_a_run_that_is_not_live_there_is_one_error(daemon: Daemon) -> None:
    error = failure("box:nothing")
    assert isinstance(error, NoSuchRunError)
    assert str(error).startswith("box: no run is live on this machine")


def test_a_host_with_another_key_is_one_error(made: ServedRun, daemon: Daemon) -> None:
    trust(daemon.folder, "other_key")
    error = failure(f"box:{made.id}")
    assert isinstance(error, ConnectionProblem)
    assert str(error) == "box: Host key verification failed."


def test_a_user_without_a_key_is_one_error(made: ServedRun, daemon: Daemon) -> None:
    (daemon.folder / "user_key.pub").write_text((daemon.folder / "other_key.pub").read_text())
    error = failure(f"box:{made.id}")
    assert "Permission denied (publickey)" in str(error)


def test_a_machine_without_tuitrain_is_one_error(
    made: ServedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUITRAIN_REMOTE_COMMAND", "nowhere/tuitrain")
    assert "nowhere/tuitrain" in str(failure(f"box:{made.id}"))
