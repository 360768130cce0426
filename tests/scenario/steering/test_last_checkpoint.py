"""A checkpoint that is planned for the end of a run keeps its final state."""

import sys

import pytest

from tests.scenario.small import TEXT
from tests.script.problem import read_lines
from tuitrain.cli import main

STEPS = 21
PLANNED = TEXT + f'\n[[at]]\nstep = {STEPS}\ndo = "checkpoint final"\n'

SCRIPT = """
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
plan = {20: ["checkpoint final"]}
run = tuitrain.watch(
    problem.net, problem.optimizer, loader=problem.loader, epochs=4, plan=plan
)
for batch in BATCHES:
    problem.train(*batch)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "run"


def ends(folder) -> list[tuple[str, int]]:
    """Return what the last three lines of a journal are, with their steps."""
    lines = read_lines(folder, "journal.jsonl")[-3:]
    assert lines[0]["digests"] == lines[2]["digests"]
    return [(line["event"], line["step"]) for line in lines]


def test_a_scenario_keeps_its_end(folder, tmp_path, capsys):
    path = tmp_path / "small.toml"
    path.write_text(PLANNED)
    assert main(["run", "--headless", "--private", "--out", str(folder), str(path)]) == 0
    assert ends(folder) == [("digest", STEPS), ("command", STEPS), ("end", STEPS)]
    assert (folder / "checkpoints" / "final.npz").exists()
    assert main(["replay", str(folder)]) == 0
    assert f"identical through step {STEPS}\n" in capsys.readouterr().out
    assert main(["resume", "--from", "final", str(folder)]) == 0
    assert f"continues from checkpoint final of step {STEPS}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "batches", ["run.batches()", "[batch for _ in range(4) for batch in problem.loader]"]
)
def test_the_loop_of_a_script_keeps_its_end(folder, tmp_path, capsys, batches):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.replace("BATCHES", batches))
    assert main(["run", "--headless", "--private", "--out", str(folder), str(path)]) == 0
    assert ends(folder) == [("digest", 20), ("command", 20), ("end", 20)]
    assert (folder / "checkpoints" / "final.npz").exists()


@pytest.mark.slow
def test_a_script_that_keeps_its_end_is_repeated(folder, tmp_path, capfd):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.replace("BATCHES", "run.batches()"))
    assert main(["run", "--headless", "--private", "--out", str(folder), str(path)]) == 0
    assert main(["replay", str(folder), "--", sys.executable, str(path)]) == 0
    assert "identical through step 20\n" in capfd.readouterr().out
