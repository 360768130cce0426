"""A script under a live run without a screen: served, paused before its first step, left early."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.script.problem import read_lines
from tests.script.served import live
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.remote.detached import start
from tuitrain.remote.local.live_entry import RunFacts
from tuitrain.script.detached import host_script

SCRIPT = """
import pathlib
import sys
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=2)
problem.train_epochs(2)
pathlib.Path(sys.argv[1]).write_text("trained")
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


def commands_of(folder: Path) -> list[tuple[int, str]]:
    lines = read_lines(folder, "journal.jsonl")
    return [(line["step"], line["command"]) for line in lines if line["event"] == "command"]


def test_a_hosted_script_runs_to_its_end(script: Path, tmp_path: Path) -> None:
    folder, end = tmp_path / "run", tmp_path / "end"
    assert host_script(script, [str(end)], folder) == 0
    assert end.read_text() == "trained"
    assert read_lines(folder, "journal.jsonl")[-1]["step"] == 10


def test_a_paused_script_waits_before_its_first_step(script: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = script, [str(tmp_path / "end")], folder, True
    thread = threading.Thread(target=host_script, args=arguments)
    thread.start()
    while main(["ctl", str(folder), "lr * x0.5"]) == 3:  # it is not live yet
        assert thread.is_alive()
    assert main(["ctl", str(folder), "resume"]) == 0
    thread.join(60)
    assert commands_of(folder) == [(0, "pause"), (0, "lr * x0.5"), (0, "resume")]
    assert read_lines(folder, "journal.jsonl")[-1]["step"] == 10


def test_a_hosted_script_without_a_step_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none.py"
    path.write_text("raise ValueError('no data')")
    with pytest.raises(
        TuitrainError, match=r"without a call of tuitrain\.watch: ValueError: no data"
    ):
        host_script(path, [], tmp_path / "run")


def test_a_script_is_detached_with_its_arguments(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def note(words: list[str], folder: Path, _: object) -> RunFacts:
        calls.append(words)
        return RunFacts("0123abcd", "train", str(folder), 1)

    monkeypatch.setattr(start, "start_detached", note)
    out = tmp_path / "run"
    words = ["run", "--detach", "--paused", "--out", str(out), str(script), "--", "-x"]
    assert main(words) == 0
    hosted = ["run", "--hosted", "--out", str(out), "--paused", str(script), "--", "-x"]
    assert calls == [hosted]
    assert main(["run", "--detach", str(tmp_path / "none.py")]) == 2


def test_an_error_after_the_last_step_is_printed(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text(SCRIPT.rpartition("pathlib.Path(")[0] + "raise ValueError('late')\n")
    made, output = live(script, tmp_path / "run")
    assert made.status == 1
    assert capsys.readouterr().err.endswith("ValueError: late\n")
    assert not output.snapshot().lines
    assert read_lines(tmp_path / "run", "journal.jsonl")[-1]["step"] == 10


def test_a_mistake_after_the_last_step_is_a_sentence(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text(SCRIPT.rpartition("pathlib.Path(")[0] + "run.log(mae=1)\n")
    made, _ = live(script, tmp_path / "run")
    assert made.status == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert error.endswith(" names no 'mae' (allowed: loss or accuracy) (train.py, line 10)\n")


def test_an_interrupt_in_the_script_has_its_status(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text(SCRIPT.rpartition("problem.train_epochs")[0] + "raise KeyboardInterrupt\n")
    made, _ = live(script, tmp_path / "run")
    assert made.status == 130
    assert "Traceback" not in capsys.readouterr().err


def test_the_traceback_before_the_first_step_is_in_the_log(script: Path, tmp_path: Path) -> None:
    script.write_text("raise ValueError('early')\n")
    _, output = live(script, tmp_path / "run")
    assert output.snapshot().lines[-1].text == "ValueError: early"
