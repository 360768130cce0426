"""Scripts in processes of their own: `python train.py`, and detached ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.script.problem import read_lines
from tuitrain.cli import main
from tuitrain.remote.client.endpoint import SocketEndpoint
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.local.find_run import find_run
from tuitrain.run.logs.log_capture import LOG_NAME

TIMEOUT = 120.0
ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
import tuitrain
from tests.script.problem import make_problem

EPOCHS = int(sys.argv[1])


def train():
    problem = make_problem()
    out = sys.argv[2] if len(sys.argv) > 2 else None
    run = tuitrain.watch(
        problem.net, problem.optimizer, loader=problem.loader, epochs=EPOCHS, out=out
    )
    for epoch in range(EPOCHS):
        problem.train_epochs(1)
        {}
    {}
    print("done")


if __name__ == "__main__":
    print("hello")
    train()
"""


@pytest.fixture
def script(tmp_path):
    """Return a function that writes a script, with a line of its loop and lines behind it."""

    def write(body: str = "pass", last: str = "run.finish()") -> Path:
        path = tmp_path / "train.py"
        path.write_text(SCRIPT.format(body, last))
        return path

    return write


def python(*words: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=environment,
        cwd=ROOT,
        check=False,
    )


def hosted(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the process of a detached script to its end."""
    return python("-m", "tuitrain", "run", "--hosted", "--out", folder, *words)


def log_of(folder: Path) -> list[str]:
    """Return the level and the text of the lines in the log."""
    return [line.partition("\t")[2] for line in (folder / LOG_NAME).read_text().splitlines()]


def end_of(folder: Path) -> str:
    return read_lines(folder, "journal.jsonl")[-1].get("reason", "finished")


@pytest.mark.slow
def test_python_alone_trains_serves_and_says_so(script, tmp_path):
    done = python(script(), 2, tmp_path / "run")
    assert (done.returncode, done.stdout) == (0, "hello\ndone\n")
    live, recorded = done.stderr.splitlines()
    assert live.startswith("tuitrain: this run is live; watch it with: tuitrain attach ")
    assert recorded == f"recorded in {tmp_path / 'run'}"
    assert not (tmp_path / "run" / LOG_NAME).exists()


@pytest.mark.slow
def test_a_traceback_is_printed_and_kept(script, tmp_path):
    done = python(script("raise ValueError('no more')"), 2, tmp_path / "run")
    assert done.returncode == 1
    assert done.stderr.count("ValueError: no more") == 1
    assert log_of(tmp_path / "run")[-1] == "error\tValueError: no more"
    assert end_of(tmp_path / "run") == "failed"


SPAWN = """
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(abs, [-1, 2]))
"""


@pytest.mark.slow
def test_spawned_children_take_no_part(script, tmp_path):
    done = python(script("pass", SPAWN.strip()), 2, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "hello\n[1, 2]\ndone\n"
    assert done.stderr.count("this run is live") == 1


@pytest.mark.slow
def test_a_detached_script_is_steered_and_ends(script, tmp_path, capsys):
    folder = tmp_path / "record"
    words = ["run", "--detach", "--out", str(folder), "--json", str(script()), str(10**6)]
    assert main(words) == 0
    started = json.loads(capsys.readouterr().out)
    assert (started["run"], started["folder"]) == ("train", str(folder))
    try:
        with ControlClient(SocketEndpoint(find_run(started["id"])), "program") as client:
            assert client.wait("step 20", TIMEOUT).met
            assert client.send("pause", "ctl", "", None, TIMEOUT).outcome == "applied"
        with ControlClient(SocketEndpoint(find_run(started["id"])), "program") as client:
            paused = client.snapshot()
            assert paused.phase.value == "paused"
            assert paused.log.lines[0].text == "hello"
            frozen = client.send("freeze body", "ctl", "", None, TIMEOUT)
            assert (frozen.step, frozen.outcome) == (paused.step, "applied")
            client.send("stop", "ctl", "", None, TIMEOUT)
            client.wait("end", TIMEOUT)
    finally:
        os.kill(started["pid"], signal.SIGTERM)
        os.waitpid(started["pid"], 0)
    assert end_of(folder) == "stopped"
    assert log_of(folder)[0] == "out\thello"


@pytest.mark.slow
def test_a_detached_script_that_dies_leaves_its_traceback(script, tmp_path):
    folder = tmp_path / "run"
    done = hosted(folder, script("raise ValueError('no more')"), 2)
    assert done.returncode == 1
    assert log_of(folder).count("error\tValueError: no more") == 1
    (tmp_path / "early.py").write_text("import no_such_module\n")
    done = hosted(tmp_path / "early", tmp_path / "early.py")
    assert done.returncode == 2
    (error,) = [line for line in log_of(tmp_path / "early") if "ModuleNotFoundError" in line]
    assert error == "error\tModuleNotFoundError: No module named 'no_such_module'"


@pytest.mark.slow
def test_a_detached_script_has_its_exit_status(script, tmp_path):
    assert hosted(tmp_path / "run", script("sys.exit(3)"), 2).returncode == 3
    again = hosted(tmp_path / "run", script(), 2)
    assert again.returncode == 2
    assert (
        again.stderr == f"tuitrain: {tmp_path / 'run'} holds a run already; name another folder\n"
    )


def test_detach_has_neither_a_screen_nor_privacy(script, capsys):
    for option in ("--headless", "--read-only", "--private"):
        assert main(["run", "--detach", option, str(script())]) == 2
        assert f"--detach does not go with {option}" in capsys.readouterr().err


PLANNED = """
import atexit
import tuitrain
from tests.script.problem import make_problem

atexit.register(print, "the last word")
problem = make_problem()
tuitrain.watch(problem.net, problem.optimizer, epochs=1, scenario="{0}",
    out="{1}", loader=problem.loader)
problem.train_epochs(1)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "status"), [("changed", 0), ("unchanged", 1)])
def test_a_failed_plan_fails_a_script_that_ends_without_a_word(tmp_path, kind, status):
    plan, script = tmp_path / "plan.toml", tmp_path / "train.py"
    plan.write_text(f'[[expect]]\nstep = 2\n{kind} = {{ group = "body", since_step = 0 }}\n')
    script.write_text(PLANNED.format(plan, tmp_path / "run"))
    done = python(script)
    assert (done.returncode, done.stdout) == (status, "the last word\n")
    assert ("step 2: expected" in done.stderr) == bool(status)
    assert "Exception" not in done.stderr
