"""Variables of the environment with wrong values: one error, before anything runs."""

import pytest

from tests.scenario.small import TEXT
from tuitrain.cli import main

SCRIPT = """
import tuitrain
from tests.script.problem import make_problem

problem = make_problem()
run = tuitrain.watch(problem.net, problem.optimizer, loader=problem.loader, epochs=2)
problem.train_epochs(2)
"""


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("TUITRAIN_TILES", "TUITRAIN_TILES: 'fastest' is not a shape of tiles (allowed: default, "),
        ("TUITRAIN_TARGET_CPU", "TUITRAIN_TARGET_CPU='fastest' is not a known processor"),
    ],
)
@pytest.mark.parametrize("name", ["a.toml", "a.py"])
def test_a_processor_that_is_not_known_is_one_error(
    tmp_path, monkeypatch, capsys, name, variable, message
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv(variable, "fastest")
    path = tmp_path / name
    path.write_text(SCRIPT if path.suffix == ".py" else TEXT)
    assert main(["run", "--headless", "--out", str(tmp_path / "run"), str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"tuitrain: {message}")
    assert error.count("\n") == 1
    assert "model" not in error
    assert not (tmp_path / "run").exists()
