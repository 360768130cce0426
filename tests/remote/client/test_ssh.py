"""A run of another machine: ssh is replaced by a program that runs its command on this one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.remote.runs import TIMEOUT, served
from tuitrain.cli import main
from tuitrain.errors import NoSuchRunError
from tuitrain.remote.client.endpoint import Endpoint, SshEndpoint, ssh_command
from tuitrain.remote.client.find_endpoint import check_live, endpoint_of
from tuitrain.remote.client.live_list import LiveList
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.errors import ConnectionProblem
from tuitrain.run.snapshot import Phase

_STAND_IN = """#!/bin/sh
echo "$@" >> {log}
echo "Welcome to box: no mail"
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def ssh_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the stand-in on PATH, and return the file with the arguments that it was given."""
    log, program = tmp_path / "ssh.log", tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(_STAND_IN.format(log=log))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TUITRAIN_REMOTE_COMMAND", f"{sys.executable} -m tuitrain")
    return log


def test_a_run_of_another_machine_is_watched_over_ssh(ssh_log: Path, tmp_path: Path) -> None:
    with served(tmp_path / "run") as made:
        source = RemoteSource(endpoint_of(f"box:{made.id}"), "laptop").start()
        made.closing.callback(source.close)
        shown = source.wait_for(lambda shown: shown.phase is Phase.PAUSED, TIMEOUT)
        assert shown.info.name == "fake run"
        assert ssh_log.read_text().endswith(
            f"box -- {sys.executable} -m tuitrain relay {made.id}\n"
        )


def test_a_run_that_is_not_live_there_is_one_error(ssh_log: Path) -> None:
    source = RemoteSource(endpoint_of("box:nothing"), "laptop").start()
    source.wait_for(lambda _: False, TIMEOUT)
    assert isinstance(source.error, NoSuchRunError)
    assert str(source.error).startswith("box: no run is live on this machine")
    source.close()


def test_a_run_of_another_machine_is_checked_before_a_page_shows_it(
    ssh_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path / "run") as made:
        check_live(f"box:{made.id}")
        check_live(made.id)
        assert "BatchMode=yes" in ssh_log.read_text()
    with pytest.raises(NoSuchRunError, match="box: no run is live on this machine"):
        check_live(f"box:{made.id}")
    monkeypatch.setenv("TUITRAIN_SSH", "sh -c 'echo no route >&2; exit 255'")
    with pytest.raises(ConnectionProblem, match="box: no route"):
        check_live(f"box:{made.id}")


@pytest.mark.parametrize(("driver", "asks"), [("", True), ("textual.drivers.web:Web", False)])
def test_only_a_terminal_is_asked_for_a_password(
    monkeypatch: pytest.MonkeyPatch, driver: str, asks: bool
) -> None:
    opened: list[Endpoint] = []
    monkeypatch.setenv("TEXTUAL_DRIVER", driver)
    monkeypatch.setattr("tuitrain.app.launch.terminal_check.check_terminal", lambda *_: None)
    monkeypatch.setattr(
        "tuitrain.app.launch.attached.open_attached", lambda endpoint, _: opened.append(endpoint)
    )
    assert main(["attach", "box:run"]) == 0
    (endpoint,) = opened
    assert isinstance(endpoint, SshEndpoint)
    assert endpoint.asks is asks


def test_a_failure_of_ssh_is_one_error(ssh_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUITRAIN_SSH", "sh -c 'echo no route >&2; exit 255'")
    source = RemoteSource(endpoint_of("box:run"), "laptop", returns=False).start()
    source.wait_for(lambda _: False, TIMEOUT)
    assert str(source.error) == "box: no route"
    source.close()


def test_the_live_runs_of_another_machine_are_listed(ssh_log: Path, tmp_path: Path) -> None:
    with served(tmp_path / "run") as made:
        live = LiveList(["box"], list_here=list).start()
        made.closing.callback(live.close)
        live.wait_for(lambda rows: len(rows) == 1, TIMEOUT)
        (row,) = live.rows
        assert (row.run, row.host, row.word) == ("fake run", "box", f"box:{made.id}")


def test_a_machine_whose_connection_was_lost_is_asked_again(
    ssh_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuitrain.remote.client.live_list.RETRY_SECONDS", 0.01)
    tried, seen = tmp_path / "tried", tmp_path / "seen"
    # The first connection is lost; the second lasts until the test has seen that.
    lasts = f"while ! test -e {seen}; do sleep 0.1; done; exit"
    script = f"mkdir {tried} || {{ {lasts}; }}; echo; echo lost >&2"
    monkeypatch.setenv("TUITRAIN_SSH", f"sh -c '{script}'")
    with served(tmp_path / "run") as made:
        live = LiveList(["box"], list_here=list).start()
        made.closing.callback(live.close)
        live.wait_for(lambda _: live.problems == ["box: lost"], TIMEOUT)
        assert (live.problems, live.silent_hosts) == (["box: lost"], [])
        monkeypatch.delenv("TUITRAIN_SSH")
        seen.touch()
        live.wait_for(lambda rows: len(rows) == 1, TIMEOUT)
        assert ([row.run for row in live.rows], live.problems) == (["fake run"], [])


def test_a_machine_that_refuses_is_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuitrain.remote.client.live_list.RETRY_SECONDS", 0.0)
    log = tmp_path / "log"
    monkeypatch.setenv("TUITRAIN_SSH", f"sh -c 'echo x >> {log}; echo denied >&2; exit 255'")
    live = LiveList(["box"], list_here=list).start()
    live.wait_for(lambda _: bool(live.problems), TIMEOUT)
    live.close()
    assert (live.problems, log.read_text()) == (["box: denied"], "x\n")


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a b", "", "a;b", "$(x)", "a\nb"])
def test_a_host_cannot_be_an_option_or_a_command(host: str) -> None:
    with pytest.raises(ConnectionProblem, match="is not the name of a host"):
        SshEndpoint(host, "run")


def test_the_name_of_a_run_is_quoted_for_the_shell_there() -> None:
    assert ssh_command("box", ["relay", "a b; c"], asks=False)[-1] == "tuitrain relay 'a b; c'"
