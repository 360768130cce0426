"""`replay` and `resume` of the run of a loop in PyTorch: the script runs in its own process."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.torch_script.fixtures import losses_of, read_lines
from tuitrain.cli import main
from tuitrain.records.record_reader import SUMMARY

ROOT = Path(__file__).parent.parent.parent

SCRIPT = """
import os
import sys
import torch
import tuitrain
from tests.torch_script.problem import EPOCHS, make_problem

LEAVE = int(os.environ.get("LEAVE", 99))
problem = make_problem()
scheduler = torch.optim.lr_scheduler.StepLR(problem.optimizer, 3, 0.5)
run = tuitrain.watch(
    problem.net,
    problem.optimizer,
    schedulers=scheduler,
    plan={2: "freeze body", 6: ["thaw body", "checkpoint six"]},
)
"""

ONE_LINE = (
    SCRIPT
    + """
for epoch in range(EPOCHS):
    for batch in problem.loader:
        problem.train(batch)
        scheduler.step()
"""
)

BATCHES = (
    SCRIPT
    + """
for batch in run.batches(problem.loader, epochs=EPOCHS):
    if run.steps_taken == LEAVE:
        sys.exit(0)
    run.step(problem.differentiate(batch))
    scheduler.step()
"""
)

WITH_EPOCHS = (
    SCRIPT
    + """
for epoch in run.epochs(problem.loader, epochs=EPOCHS):
    for inputs, targets in run.batches():
        if run.steps_taken == LEAVE:
            sys.exit(0)
        loss = torch.nn.functional.cross_entropy(problem.net(inputs), targets)
        loss.backward()
        run.step(loss)
        scheduler.step()
"""
)


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Return a function that writes a script and records its run."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'core'}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def record(text: str, name: str = "run") -> tuple[list[str], Path]:
        path, run = tmp_path / "train.py", tmp_path / name
        path.write_text(text)
        assert main(["run", "--headless", "--out", str(run), str(path)]) == 0
        return ["--", sys.executable, str(path)], run

    return record


@pytest.mark.parametrize("text", [ONE_LINE, BATCHES, WITH_EPOCHS], ids=["one", "three", "epochs"])
def test_a_replay_trains_the_same_bits(script, capfd, text):
    command, run = script(text)
    assert main(["replay", "--json", str(run), *command]) == 0
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (result["identical_through"], result["ok"]) == (20, True)


REPORTS = {
    "after the loop": (ONE_LINE, "steps=20", "run.log(accuracy=0.5)"),
    "after an open loop": (ONE_LINE, "steps=None", "run.log(accuracy=0.5)"),
    "after batches": (BATCHES, "steps=None", "run.log(accuracy=0.5)"),
    "after epochs": (WITH_EPOCHS, "steps=None", "    run.log(accuracy=epoch)"),
    "at a break": (
        ONE_LINE,
        "steps=20",
        "    run.log(accuracy=1)\n    if epoch == 2:\n        break",
    ),
    "beyond the end": (ONE_LINE, "steps=12", "    run.log(accuracy=epoch)"),
}


@pytest.mark.parametrize("where", REPORTS)
def test_the_report_of_a_last_step_is_compared(script, capfd, where):
    loop, length, report = REPORTS[where]
    command, run = script(loop.replace("plan=", f"{length}, plan=") + report)
    assert main(["replay", "--json", str(run), *command]) == 0
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    last = read_lines(run, "journal.jsonl")[-1]["step"]
    assert (result["identical_through"], result["nothing_after"]) == (last, None)
    measured = [line["step"] for line in read_lines(run, "metrics.jsonl") if "accuracy" in line]
    assert max(measured) <= last


def test_another_seed_differs(script, capfd):
    command, run = script(ONE_LINE)
    path = Path(command[-1])
    path.write_text(ONE_LINE.replace("for epoch", "torch.manual_seed(1)\nfor epoch"))
    assert main(["replay", str(run), *command]) == 1
    output = capfd.readouterr().out
    assert "DIFFERS at step 1: loss" in output
    assert "changed since: source of the script" in output


@pytest.mark.parametrize("text", [BATCHES, WITH_EPOCHS], ids=["batches", "epochs"])
def test_a_run_is_resumed_to_the_same_bits(script, capfd, monkeypatch, text):
    _, whole = script(text, "whole")
    monkeypatch.setenv("LEAVE", "13")
    command, run = script(text)
    monkeypatch.delenv("LEAVE")
    fresh = shutil.copytree(run, run.parent / "fresh")
    shutil.rmtree(fresh / "checkpoints")
    for folder, note in ((run, "from checkpoint six of step 6"), (fresh, "from the start")):
        assert main(["resume", str(folder), *command]) == 0
        assert note in capfd.readouterr().err
        ends = [read_lines(one, "journal.jsonl")[-1]["digests"] for one in (whole, folder)]
        assert ends[0] == ends[1]
        assert losses_of(folder) == losses_of(whole)
        assert main(["replay", str(folder), *command]) == 0


def test_a_checkpoint_is_made_every_thousand_steps(script, capfd, monkeypatch):
    monkeypatch.setenv("LEAVE", "1003")
    command, run = script(BATCHES.replace("epochs=EPOCHS", "epochs=202"))
    monkeypatch.setenv("LEAVE", "9999")
    assert main(["resume", str(run), *command]) == 0
    assert "continues from checkpoint auto of step 1000" in capfd.readouterr().err
    assert main(["replay", str(run), *command]) == 0


def test_a_loop_that_fetches_its_own_batches_is_not_resumed(script, capfd):
    command, run = script(ONE_LINE)
    (run / SUMMARY).unlink()  # as if it had been killed
    assert main(["resume", str(run), *command]) == 2
    error = capfd.readouterr().err
    assert "this run cannot be resumed: the loop of this script fetches its own batches" in error
    assert "for … in run.batches(loader, epochs=N):" in error
