"""The examples run, without a screen, and some of what they show holds."""

import sys
from pathlib import Path

import pytest
import torch

from tests.torch_script.fixtures import commands_of, losses_of, read_lines
from tuitrain.cli import main

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs an example, and returns the folder of its record."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of processes that repeat a run
    torch.set_num_threads(1)

    def run_example(name: str, *words: str) -> Path:
        folder = tmp_path / "run"
        options = ["--headless", "--out", str(folder)]
        assert main(["run", *options, str(EXAMPLES / name), "--", *words]) == 0
        return folder

    return run_example


def test_every_example_has_a_test():
    tested = Path(__file__).read_text()
    assert all(f'"{path.name}"' in tested for path in EXAMPLES.glob("*.py"))


def test_the_digits_are_learned_and_replayed(run, capfd):
    words = ["--epochs", "2", "--samples", "640", "--batch-size", "32"]
    folder = run("mnist_cnn.py", *words)
    accuracies = [
        line["accuracy"] for line in read_lines(folder, "metrics.jsonl") if "loss" not in line
    ]
    assert accuracies[-1] > 0.6
    assert (folder / "digits.pt").exists()
    command = [sys.executable, str(EXAMPLES / "mnist_cnn.py"), *words]
    assert main(["replay", str(folder), "--", *command]) == 0
    assert "identical through step 40" in capfd.readouterr().out


def test_the_sentences_are_learned(run, capfd):
    folder = run("text_classifier.py", "--steps", "200")
    losses = losses_of(folder)
    assert sum(losses[-20:]) < sum(losses[:20]) / 2
    assert "step 200: accuracy" in capfd.readouterr().out


def test_the_plan_of_the_fine_tune_holds(run):
    folder = run("fine_tune.py", "--epochs", "20")
    assert [(step, outcome) for step, _, outcome in commands_of(folder)] == [
        (0, "applied"),
        *[(500, "applied")] * 3,
    ]
