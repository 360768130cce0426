"""Scripts with several runs, one after another or at once: each has a record of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.script.problem import read_lines
from tests.script.served import live
from tuitrain.cli import main

IN_TURN = """
import tuitrain
from tests.script.problem import make_problem

for name in ("first", "second"):
    problem = make_problem()
    with tuitrain.watch(
        problem.net, problem.optimizer, loader=problem.loader, epochs=2, name=name, metrics=()
    ):
        problem.train_epochs(2)
"""

AT_ONCE = """
import tuitrain
from tests.script.problem import make_problem

problems = [make_problem(), make_problem()]
for name, problem in zip(("first", "second"), problems):
    tuitrain.watch(
        problem.net, problem.optimizer, loader=problem.loader, epochs=2, name=name, metrics=()
    )
for problem in problems:
    problem.train_epochs(2)
"""

FAILED_SECOND = IN_TURN.replace("metrics=()", "plan={2: 'lr none 1'} if name == 'second' else {}")


def train_headless(script: Path, folder: Path) -> int:
    return main(["run", "--headless", "--out", str(folder), str(script)])


def train_hosted(script: Path, folder: Path) -> int:
    return main(["run", "--hosted", "--out", str(folder), str(script)])


def train_live(script: Path, folder: Path) -> int:
    return live(script, folder)[0].status


WAYS = [train_headless, train_hosted, train_live]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "train.py"


def records_of(folder: Path) -> list[Path]:
    """Return the folders of the first and of the second run."""
    (second,) = (folder.parent / "state" / "tuitrain" / "runs").glob("*-second")
    return [folder, second]


@pytest.mark.parametrize("text", [IN_TURN, AT_ONCE], ids=["in turn", "at once"])
@pytest.mark.parametrize("train", WAYS)
def test_each_run_of_a_script_has_a_record(train, text: str, script: Path, tmp_path: Path) -> None:
    script.write_text(text)
    assert train(script, tmp_path / "run") == 0
    for folder in records_of(tmp_path / "run"):
        end = read_lines(folder, "journal.jsonl")[-1]
        assert (end["event"], end["step"]) == ("digest", 10), folder


@pytest.mark.parametrize("train", WAYS)
def test_a_refused_command_of_a_later_run_fails_the_script(
    train, script: Path, tmp_path: Path
) -> None:
    script.write_text(FAILED_SECOND)
    assert train(script, tmp_path / "run") == 1
