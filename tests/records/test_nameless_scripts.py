"""Scripts without a file: from standard input, and on Python's command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tuitrain.cli import main
from tuitrain.records.provenance import run_title, script_command, script_name, script_to_repeat
from tuitrain.records.record_reader import read_header

TIMEOUT = 120.0
ROOT = Path(__file__).parents[2]

SCRIPT = """
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=1, out="run")
problem.train_epochs(1)
"""


@pytest.mark.slow
def test_a_script_from_standard_input_is_named_and_repeated(tmp_path, capsys):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)}
    python = [sys.executable, "-", "--seed", "3"]
    replay = [sys.executable, "-m", "tuitrain", "replay", "run", "--", *python]
    for words in (python, replay):
        done = subprocess.run(
            words,
            input=SCRIPT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            env=environment,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert "run: identical through step 5" in done.stdout
    header = read_header(tmp_path / "run")
    assert header.scenario["name"] == "stdin"
    assert header.scenario["data"] == "standard input"
    assert header.provenance["script"] == "standard input"
    assert "source of the script" not in header.provenance
    assert main(["replay", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert "it came from standard input, so whether it has changed is not known" in error
    assert f"tuitrain replay {tmp_path / 'run'} -- python - --seed 3 < SCRIPT.py\n" in error


@pytest.mark.parametrize(
    ("argument", "title", "name"),
    [
        ("-", "stdin", "standard input"),
        ("-c", "command", "python -c"),
        ("", "session", "a session of Python"),
        ("/lib/ipykernel_launcher.py", "notebook", "a notebook"),
        ("/home/me/train.py", "train", "train.py"),
    ],
)
def test_a_run_is_named_after_its_script(argument, title, name):
    assert run_title(argument) == title
    assert script_name(argument) == name


def test_the_command_of_a_script_is_as_far_as_it_is_known():
    assert script_command({}) == "python SCRIPT.py"
    assert script_command({"script": "/a b/c.py", "arguments": "-x"}) == "python '/a b/c.py' -x"
    assert script_command({"script": "python -c", "arguments": "-x"}) == "python -c CODE -x"
    assert script_to_repeat({}, "/a") == ""
    assert "python -c CODE, in /a" in script_to_repeat({"script": "python -c"}, "/a")
