"""Mistakes that end a script: one sentence with the script's line, and no lines of tuitrain."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tuitrain.cli import main

TIMEOUT = 120.0
ROOT = Path(__file__).parents[2]

SCRIPT = """
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
settings = {"loader": problem.loader, "epochs": 2}


def train(**more):
    run = tuitrain.watch(problem.net, problem.optimizer, **settings, **more)
    problem.train_epochs(1)
    run.log(acuracy=1)


"""

CASES = [
    ("train(plan={0: 'freze body'})", "unknown command 'freze', did you mean 'freeze'?", 10),
    ("train(scenario='plan.toml')", "'freeze heat': 'heat' names no group and no parameter", 10),
    ("train()", "names no 'acuracy', did you mean 'accuracy'?", 12),
]


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Return a function that writes a script with a last line, beside a plan."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "plan.toml").write_text('[[at]]\nstep = 0\ndo = "freeze heat"\n')

    def write(last: str) -> Path:
        path = tmp_path / "train.py"
        path.write_text(SCRIPT + last)
        return path

    return write


def run_python(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


@pytest.mark.parametrize(("last", "message", "line"), CASES)
def test_python_prints_a_sentence_with_the_line(script, last, message, line):
    result = run_python(script(last))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    mistakes = [text for text in result.stderr.splitlines() if message in text]
    assert len(mistakes) == 1
    assert mistakes[0].startswith("tuitrain: ")
    assert mistakes[0].endswith(f" (train.py, line {line})")


@pytest.mark.parametrize(("last", "message", "line"), CASES)
def test_a_run_without_a_screen_prints_the_same(script, capsys, last, message, line):
    assert main(["run", "--headless", str(script(last))]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert message in error
    assert f" (train.py, line {line})\n" in error


@pytest.mark.parametrize(("last", "message", "line"), CASES)
def test_the_log_of_a_detached_run_has_it_once(script, capsys, tmp_path, last, message, line):
    folder = tmp_path / "run"
    status = main(["run", "--hosted", "--out", str(folder), str(script(last))])
    assert status in (1, 2)  # 1 if it has taken a step
    assert f"(train.py, line {line})" in capsys.readouterr().err
    log = (folder / "output.log").read_text()
    assert "Traceback" not in log
    assert log.count(message) == 1


def test_any_other_error_has_its_traceback(script):
    result = run_python(script("1 / 0"))
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "ZeroDivisionError" in result.stderr


def test_a_hook_of_the_script_stays(script):
    hook = "import sys; sys.excepthook = lambda kind, *_: print('hook', kind.__name__); "
    assert "hook CommandError" in run_python(script(hook + CASES[0][0])).stdout
