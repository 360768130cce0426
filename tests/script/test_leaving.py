"""Leaving the deck of a script: detached, it continues to the same bits, if it can go back."""

from pathlib import Path

import pytest

from tests.script.leaving import leave
from tests.script.problem import make_problem, read_lines
from tuitrain.errors import TuitrainError
from tuitrain.script.detached import host_script

EPOCHS = 10

SCRIPT = """
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
run = tuitrain.watch(
    problem.net, problem.optimizer, loader=problem.loader, epochs=10, plan={20: "pause"}
)
"""
WITH_BATCHES = "for batch in run.batches():\n    problem.train(*batch)\n"
OWN_LOOP = "problem.train_epochs(10)\n"


def write_script(folder: Path, loop: str) -> Path:
    path = folder / "train.py"
    path.write_text(SCRIPT + loop)
    return path


def losses_of(folder: Path) -> list[float]:
    lines = read_lines(folder, "metrics.jsonl")
    return [loss for line in lines if "loss" in line for loss in line["loss"]]


def test_a_detached_script_continues_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script, folder = write_script(tmp_path, WITH_BATCHES), tmp_path / "run"
    started, dialog = leave(script, folder, monkeypatch, "d")
    assert "detach: it continues" in dialog
    assert "detached: it runs as 0123abcd" in capsys.readouterr().err
    hosted = ["run", "--hosted", "--continued", "--paused", "--out", str(folder), str(script)]
    assert started == [hosted]
    assert len(losses_of(folder)) == 20
    assert host_script(script, [], folder, continued=True) == 0
    assert losses_of(folder) == make_problem().train_epochs(EPOCHS)
    commands = [line for line in read_lines(folder, "journal.jsonl") if line["event"] == "command"]
    assert [line["command"] for line in commands] == ["pause", "checkpoint detached"]


def test_a_script_with_a_loop_of_its_own_cannot_be_detached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, folder = write_script(tmp_path, OWN_LOOP), tmp_path / "run"
    started, dialog = leave(script, folder, monkeypatch, "y")
    assert "Only a script with run.batches can continue from a checkpoint" in dialog
    assert started == []
    assert read_lines(folder, "journal.jsonl")[-1]["step"] == 20


def test_a_script_that_has_changed_is_not_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, folder = write_script(tmp_path, WITH_BATCHES), tmp_path / "run"
    leave(script, folder, monkeypatch, "d")
    write_script(tmp_path, WITH_BATCHES + "print('more')\n")
    with pytest.raises(TuitrainError, match="because of changes"):
        host_script(script, [], folder, continued=True)
    assert len(losses_of(folder)) == 20
