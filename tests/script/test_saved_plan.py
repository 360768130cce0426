"""The commands of a script's run, saved as a plan: with it the script reaches the same bits."""

import json

import pytest

from tests.script.problem import read_lines
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.scenario.save import save

SCRIPT = """
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=4, {})
for batch in run.batches():
    problem.train(*batch)
"""

PLAN = "plan={3: 'freeze body', 7: ['lr body x0.5', 'undo'], 9: 'thaw body'}"


@pytest.fixture
def train(tmp_path, monkeypatch, capsys):
    """Return a function that trains with settings of `watch`, and returns the journal's end."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(folder: str, settings: str) -> dict:
        path = tmp_path / "train.py"
        path.write_text(SCRIPT.format(settings))
        assert main(["run", "--headless", "--out", str(tmp_path / folder), str(path)]) == 0
        capsys.readouterr()
        last = read_lines(tmp_path / folder, "journal.jsonl")[-1]
        return {key: last.get(key) for key in ("step", "digests", "reason")}

    return run


def test_a_saved_plan_repeats_the_session(train, tmp_path, capsys):
    ended = train("run", PLAN)
    plan = tmp_path / "plan.toml"
    assert main(["save", str(tmp_path / "run"), str(plan)]) == 0
    assert "a plan for watch(…, scenario='plan.toml'), with commands at 2 steps" in (
        capsys.readouterr().out
    )
    assert "undo" not in plan.read_text()
    assert train("again", "scenario='plan.toml'") == ended


def test_a_session_that_was_stopped_ends_at_its_stop(train, tmp_path):
    ended = train("run", "plan={3: 'freeze body', 8: 'stop'}")
    save(tmp_path / "run", tmp_path / "plan.toml")
    assert (ended["step"], ended["reason"]) == (8, "stopped")
    assert train("again", "scenario='plan.toml'") == ended


def test_reasons_are_comments_of_the_plan(train, tmp_path):
    train("run", "plan={3: 'freeze body'}")
    journal = tmp_path / "run" / "journal.jsonl"
    lines = read_lines(tmp_path / "run", "journal.jsonl")
    texts = [
        json.dumps(line | {"why": "it rests"} if "command" in line else line) for line in lines
    ]
    journal.write_text("\n".join(texts) + "\n")
    save(tmp_path / "run", tmp_path / "plan.toml")
    assert "# freeze body: it rests\n" in (tmp_path / "plan.toml").read_text()


def test_a_program_is_refused_with_what_is_possible(train, tmp_path):
    train("run", "plan={}")
    with pytest.raises(TuitrainError, match=r"cannot be written as Python; .*run .*mine\.toml"):
        save(tmp_path / "run", tmp_path / "mine.py")
