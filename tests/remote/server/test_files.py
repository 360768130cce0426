"""A served run whose files or descriptors other programs remove."""

from __future__ import annotations

import asyncio
import queue
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.remote.runs import TIMEOUT, served
from tuitrain.remote.server.file_guard import CHECK_SECONDS


class Checks:
    """The waits between two checks, which a test ends."""

    def __init__(self) -> None:
        self._begun: queue.Queue[float] = queue.Queue()
        self._ended: queue.Queue[None] = queue.Queue()

    async def wait(self, seconds: float) -> None:
        """Wait as long as the test wants; what the server calls."""
        self._begun.put(seconds)
        while self._ended.empty():
            await asyncio.sleep(0)
        self._ended.get()

    def check(self) -> None:
        """Have the server check once, and wait until it has."""
        if self._begun.get(timeout=TIMEOUT) != CHECK_SECONDS:
            raise AssertionError("other seconds")
        self._ended.put(None)
        seconds = self._begun.get(timeout=TIMEOUT)
        self._begun.put(seconds)  # of the next check


@pytest.mark.parametrize("ending", [".sock", ".lock", ""])
def test_a_viewer_finds_a_run_whose_files_were_removed(tmp_path: Path, ending: str) -> None:
    checks = Checks()
    with served(tmp_path, wait=checks.wait) as made:
        before = made.view("before")
        socket = made.server.socket
        if ending:
            socket.with_suffix(ending).unlink()
        else:
            shutil.rmtree(socket.parent)
        checks.check()
        assert made.view("after").snapshot().phase == before.snapshot().phase
        assert before.error is None
        with made.control() as client:
            assert client.send("freeze a", "ctl", "", None, TIMEOUT).outcome == "applied"
        lines = list(made.log)
        checks.check()
        assert made.log == lines
    assert len(lines) == (ending != ".lock")


def test_a_problem_with_the_files_is_logged_once(tmp_path: Path) -> None:
    checks = Checks()
    with served(tmp_path, wait=checks.wait) as made:
        made.server.socket.unlink()
        made.server.socket.write_text("kept")
        for _ in range(3):
            checks.check()
        (line,) = made.log
        assert line.startswith("this run cannot be watched now: ")
        made.server.socket.unlink()
        checks.check()
        assert made.view().received


def test_a_run_outlives_the_folder_of_a_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = Path(tempfile.mkdtemp(dir="/tmp"))  # the path of a socket is short
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(login))
    checks = Checks()
    with served(tmp_path, wait=checks.wait) as made:
        shutil.rmtree(login)  # as the system does when its user leaves
        checks.check()
        assert len(made.log) == 1
        login.mkdir(mode=0o700)
        checks.check()
        assert made.view().received
    shutil.rmtree(login)


_CLOSES = """
import os, sys
import tuitrain
from tests.script.problem import make_problem
made = make_problem()
run = tuitrain.watch(made.net, made.optimizer, loader=made.loader, epochs=3, out=sys.argv[1])
made.train_epochs(1)
os.closerange(3, 256)
own = [open(f"{sys.argv[1]}-{number}", "w") for number in range(40)]
made.train_epochs(2)
for file in own:
    file.write("kept")
    file.close()
run.finish()
print("trained", flush=True)
"""


def test_a_script_that_closes_all_descriptors_trains_on_unserved(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CLOSES, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == "trained\n"
    notices = [line for line in done.stderr.splitlines() if "cannot be watched any more" in line]
    assert len(notices) == 1
    assert "the record ends here: the descriptor of metrics.jsonl was closed" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.read_text() for path in tmp_path.glob("run-*")} == {"kept"}
