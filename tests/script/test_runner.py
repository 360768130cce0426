"""`tuitrain run SCRIPT.py` without a screen: its output, errors and exit statuses."""

import hashlib
import sys

import pytest

from tests.script.problem import read_lines
from tuitrain.cli import main
from tuitrain.records.record_reader import SUMMARY, read_header

SCRIPT = """
import sys
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=2)
{}
print("done", *sys.argv[1:])
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a script with a body, and returns the exit status."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def run_script(body: str, *words: str) -> int:
        path = tmp_path / "train.py"
        path.write_text(SCRIPT.format(body))
        return main(["run", "--headless", "--out", str(tmp_path / "run"), str(path), *words])

    return run_script


def end_of(folder) -> str:
    return read_lines(folder / "run", "journal.jsonl")[-1].get("reason", "finished")


def test_a_script_runs_with_its_arguments(run, tmp_path, capsys):
    before = list(sys.argv), list(sys.path)
    assert run("problem.train_epochs(2)", "--", "a", "-b") == 0
    assert capsys.readouterr().out == "done a -b\n"
    assert end_of(tmp_path) == "finished"
    assert (list(sys.argv), list(sys.path)) == before


def test_an_error_is_shown_from_the_scripts_line_on(run, tmp_path, capsys):
    assert run("problem.train_epochs(1); 1 / 0") == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert "ZeroDivisionError" in error
    assert "runpy" not in error
    assert end_of(tmp_path) == "failed"


def test_an_error_that_is_no_exception_is_a_failure_too(run, tmp_path, capsys):
    assert run("problem.train_epochs(1); raise BaseException('cancelled')") == 1
    assert "BaseException: cancelled" in capsys.readouterr().err
    assert "BaseException: cancelled" in (tmp_path / "run" / "output.log").read_text()
    assert end_of(tmp_path) == "failed"


def test_an_exit_has_its_status(run, tmp_path):
    assert run("problem.train_epochs(1); sys.exit(3)") == 3
    assert end_of(tmp_path) == "left"


def test_an_interruption_is_recorded(run, tmp_path):
    assert run("problem.train_epochs(1); raise KeyboardInterrupt") == 130
    assert end_of(tmp_path) == "interrupted"


def test_a_stop_ends_the_script_quietly(run, tmp_path, capsys):
    assert run("raise tuitrain.StoppedError") == 0
    assert "Traceback" not in capsys.readouterr().err


def test_a_missing_script_is_named(tmp_path, capsys):
    assert main(["run", "--headless", str(tmp_path / "none.py")]) == 2
    assert "none.py: no such file" in capsys.readouterr().err


def test_a_scenario_takes_no_arguments(tmp_path, capsys):
    assert main(["run", "a.toml", "b"]) == 2
    assert "does not take 'b'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("script", "part"),
    [
        (
            "print('hello')",
            "has ended without a call of tuitrain.watch; nothing is recorded "
            "(call it before the loop: tuitrain.watch(model, optimizer))",
        ),
        (SCRIPT.format(""), "has ended without a step under tuitrain.watch; nothing is recorded"),
    ],
)
def test_a_script_without_a_step_is_an_error(tmp_path, monkeypatch, capsys, script, part):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "train.py"
    path.write_text(script)
    assert main(["run", "--headless", str(path)]) == 2
    assert f"tuitrain: {path} {part}\n" in capsys.readouterr().err


def test_a_script_that_prints_its_help_is_no_error(tmp_path, capsys):
    path = tmp_path / "train.py"
    path.write_text("import argparse; argparse.ArgumentParser().parse_args()")
    assert main(["run", "--headless", str(path), "--", "--help"]) == 0
    assert capsys.readouterr().err == ""


def test_a_record_names_its_script(run, tmp_path, capsys):
    assert run("problem.train_epochs(2)", "--", "--seed", "a b") == 0
    header = read_header(tmp_path / "run")
    script = tmp_path / "train.py"
    content = hashlib.sha256(script.read_bytes()).hexdigest()
    assert header.provenance["script"] == str(script)
    assert header.provenance["source of the script"] == f"sha256:{content}"
    assert header.provenance["arguments"] == "--seed 'a b'"
    assert "source of tests.script.problem" in header.provenance
    capsys.readouterr()
    (tmp_path / "run" / SUMMARY).unlink()  # as if it had been killed
    repeated = f"only running the script again repeats it: tuitrain run {script} -- --seed 'a b', "
    for state in ("as it was", "which has changed since", "which no longer exists"):
        for command in ("replay", "resume"):
            assert main([command, str(tmp_path / "run")]) == 2
            error = capsys.readouterr().err
            assert repeated in error
            assert f"with the script {state}; to {command} it: tuitrain {command} " in error
        if state == "as it was":
            script.write_text("1 / 0")
        else:
            script.unlink(missing_ok=True)


def test_the_variable_asks_for_no_screen(run, tmp_path, monkeypatch):
    monkeypatch.setenv("TUITRAIN_HEADLESS", "1")
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.format("problem.train_epochs(2)"))
    assert main(["run", "--out", str(tmp_path / "run"), str(path)]) == 0
    assert end_of(tmp_path) == "finished"


def test_a_refused_planned_command_is_told_and_exits_with_1(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "train.py"
    planned = SCRIPT.replace("epochs=2)", "epochs=2, plan={{1: 'lr nothing 0.3'}})")
    path.write_text(planned.format("problem.train_epochs(2)"))
    assert main(["run", "--headless", "--out", str(tmp_path / "run"), str(path)]) == 1
    error = capsys.readouterr().err
    assert "tuitrain: step 1: 'lr nothing 0.3' was refused: " in error


def test_a_second_watch_of_an_optimizer_is_refused(run, capsys):
    body = "tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=1)"
    assert run(body) == 2
    assert "this optimizer is watched already; end that run first" in capsys.readouterr().err


def test_a_record_that_is_not_written_is_not_announced(run, capsys):
    assert run("problem.train_epochs(2)") == 0
    capsys.readouterr()
    assert run("problem.train_epochs(2)") == 2
    error = capsys.readouterr().err
    assert "holds a run already" in error
    assert "recorded in" not in error
