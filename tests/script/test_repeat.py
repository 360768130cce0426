"""`replay` and `resume` of a script's run: the script runs again, and the session is repeated."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.script.problem import read_lines
from tuitrain.cli import main
from tuitrain.commands import parse
from tuitrain.records.checkpoint_file import CHECKPOINTS
from tuitrain.records.record_reader import SUMMARY, read_header

ROOT = Path(__file__).parent.parent.parent

SCRIPT = """
import os
import sys
import tuitrain
from tests.script.problem import make_problem

EPOCHS, LEAVE = int(os.environ.get("EPOCHS", 4)), int(os.environ.get("LEAVE", 99))
SIGNAL_STEP = 15 if "SIGNAL" in os.environ else -1
problem = make_problem()
run = tuitrain.watch(
    problem.net, problem.optimizer, loader=problem.loader, epochs=EPOCHS, plan={2: "freeze body"}
)
print("begins", *sys.argv[1:])
"""

ONE_LINE = SCRIPT + "problem.train_epochs(EPOCHS)"

WITH_BATCHES = (
    SCRIPT
    + """
for batch in run.batches():
    if run.step == LEAVE:
        sys.exit(0)
    if run.step == SIGNAL_STEP:
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))
    problem.train(*batch)
    if run.step == 8:
        run.log(accuracy=0.5)
"""
)


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Return a function that writes a script and records its run."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'core'}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path, run = tmp_path / "train.py", tmp_path / "run"

    def record(text: str) -> tuple[Path, Path]:
        path.write_text(text)
        assert main(["run", "--headless", "--out", str(run), str(path)]) == 0
        return path, run

    return record


def command(path: Path, *words: str) -> list[str]:
    return ["--", sys.executable, str(path), *words]


def give(run: Path, step: int, text: str) -> None:
    """Add a user's command to a record, as if it had been given at a step."""
    journal = run / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    line = {"event": "command", "step": step, "command": text, "actor": "key"}
    lines.append({**line, "outcome": "applied", "message": ""})
    lines.sort(key=lambda line: (line["step"], line["event"] != "command"))
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert parse(text)


@pytest.mark.parametrize("text", [ONE_LINE, WITH_BATCHES], ids=["one line", "batches"])
def test_a_replay_trains_the_same_bits(script, capfd, text):
    path, run = script(text)
    before = sorted(run.iterdir())
    assert main(["replay", str(run), *command(path, "a", "--b")]) == 0
    output = capfd.readouterr().out
    assert "begins a --b" in output
    assert f"{run}: identical through step 20" in output
    assert sorted(run.iterdir()) == before


def test_a_replay_as_json_prints_json_alone(script, capfd):
    path, run = script(ONE_LINE)
    capfd.readouterr()
    assert main(["replay", "--json", str(run), *command(path)]) == 0
    result = json.loads(capfd.readouterr().out)
    assert (result["identical_through"], result["ok"], result["changed"]) == (20, True, [])


def test_a_script_that_trains_otherwise_differs(script, capfd):
    path, run = script(ONE_LINE)
    path.write_text(ONE_LINE.replace("make_problem()", "make_problem(); problem.net.eval()"))
    assert main(["replay", str(run), *command(path)]) == 1
    output = capfd.readouterr().out
    assert f"{run}: DIFFERS at step 1: loss" in output
    assert "changed since: source of the script: sha256:" in output
    assert "  the difference may come from what has changed\n" in output


def test_a_changed_script_that_trains_the_same_is_named(script, capfd):
    path, run = script(ONE_LINE)
    recorded = read_header(run).provenance["source of the script"]
    path.write_text(f"{ONE_LINE}\n# a comment")
    assert main(["replay", str(run), *command(path)]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[-3].endswith(": identical through step 20")
    assert lines[-2].startswith("  changed since: source of the script: sha256:")
    assert lines[-2].endswith(f" here, {recorded[:15]} recorded")
    assert lines[-1] == "  what has changed makes no difference to this run"


def test_a_changed_plan_is_named(script, capfd, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text("[[at]]\nstep = 3\ndo = 'freeze body'")
    path, run = script(ONE_LINE.replace('plan={2: "freeze body"}', 'scenario="plan.toml"'))
    assert main(["replay", str(run), *command(path)]) == 0
    capfd.readouterr()
    plan.write_text("[[at]]\nstep = 4\ndo = 'freeze body'")
    assert main(["replay", str(run), *command(path)]) == 1
    output = capfd.readouterr().out
    assert "DIFFERS at step 3" in output or "DIFFERS at step 4" in output
    assert "changed since: source of the plan: sha256:" in output


def test_a_script_of_another_length_differs(script, capfd, monkeypatch):
    path, run = script(ONE_LINE)
    monkeypatch.setenv("EPOCHS", "3")
    assert main(["replay", str(run), *command(path)]) == 1
    output = capfd.readouterr().out
    assert "DIFFERS at step 15" in output
    assert "changed since: steps: 15 here, 20 recorded" in output


def test_commands_are_repeated_at_their_steps(script, capfd):
    path, run = script(ONE_LINE)
    give(run, 6, "lr body 0.5")  # which is frozen
    assert main(["replay", str(run), *command(path)]) == 0
    give(run, 3, "lr last 0.5")
    assert main(["replay", str(run), *command(path)]) == 1
    assert "DIFFERS at step 5: loss" in capfd.readouterr().out


def test_a_run_that_was_left_is_replayed_to_its_end(script, capfd, monkeypatch):
    monkeypatch.setenv("LEAVE", "12")
    path, run = script(WITH_BATCHES)
    assert main(["replay", str(run), *command(path)]) == 0
    assert "identical through step 12" in capfd.readouterr().out
    monkeypatch.delenv("LEAVE")
    assert main(["replay", str(run), *command(path)]) == 0


def test_a_run_that_was_left_is_resumed_to_the_same_bits(script, tmp_path, capfd, monkeypatch):
    path, whole = script(WITH_BATCHES)
    whole = whole.rename(tmp_path / "whole")
    monkeypatch.setenv("LEAVE", "12")
    path, run = script(WITH_BATCHES)
    monkeypatch.delenv("LEAVE")
    assert main(["resume", str(run), *command(path)]) == 0
    assert "trains again from the start" in capfd.readouterr().err
    ends = [read_lines(one, "journal.jsonl")[-1]["digests"] for one in (whole, run)]
    assert ends[0] == ends[1]
    losses = [
        [loss for line in read_lines(one, "metrics.jsonl") for loss in line.get("loss", ())]
        for one in (whole, run)
    ]
    assert losses[0] == losses[1]
    assert main(["replay", str(run), *command(path)]) == 0


@pytest.mark.parametrize(("number", "status"), [(2, 130), (15, 143), (9, 1)])
def test_a_signal_to_a_resumed_script_is_its_end(script, capfd, monkeypatch, number, status):
    monkeypatch.setenv("LEAVE", "12")
    path, run = script(WITH_BATCHES)
    monkeypatch.delenv("LEAVE")
    monkeypatch.setenv("SIGNAL", str(number))
    assert main(["resume", str(run), *command(path)]) == status
    assert ("was killed by signal 9" in capfd.readouterr().err) == (number == 9)
    monkeypatch.delenv("SIGNAL")
    assert main(["resume", str(run), *command(path)]) == 0
    assert main(["replay", str(run), *command(path)]) == 0


CHECKPOINT = WITH_BATCHES.replace('2: "freeze body"', '2: "freeze body", 10: "checkpoint ten"')


def test_a_run_is_resumed_from_its_checkpoint(script, capfd, monkeypatch):
    monkeypatch.setenv("LEAVE", "12")
    path, run = script(CHECKPOINT)
    assert (run / CHECKPOINTS / "ten.npz").exists()
    monkeypatch.delenv("LEAVE")
    capfd.readouterr()
    assert main(["resume", str(run), *command(path)]) == 0
    error = capfd.readouterr().err
    assert "continues from checkpoint ten of step 10" in error
    assert "this run is live; watch it with: tuitrain attach " in error
    assert f"recorded in {run}" in error
    assert main(["replay", str(run), *command(path)]) == 0
    assert "identical through step 20" in capfd.readouterr().out


def test_a_changed_script_is_not_resumed(script, capfd, monkeypatch):
    monkeypatch.setenv("LEAVE", "12")
    path, run = script(CHECKPOINT)
    monkeypatch.delenv("LEAVE")
    words = [str(run), *command(path)]
    path.write_text(f"# a comment\n{CHECKPOINT}")
    assert main(["resume", *words]) == 2
    assert "because of changes: source of the script: sha256:" in capfd.readouterr().err
    path.write_text(CHECKPOINT)
    monkeypatch.setenv("EPOCHS", "5")
    assert main(["resume", *words]) == 2
    assert "because of changes: steps: 25 here, 20 recorded" in capfd.readouterr().err
    assert main(["resume", "--although-changed", *words]) == 0
    assert read_lines(run, "journal.jsonl")[-1]["step"] == 25


@pytest.mark.parametrize("text", [ONE_LINE, WITH_BATCHES], ids=["one line", "batches"])
def test_a_finished_run_is_not_resumed(script, capfd, text):
    path, run = script(text)
    capfd.readouterr()
    assert main(["resume", str(run), *command(path)]) == 2
    assert capfd.readouterr().err == f"tuitrain: {run}: finished at step 20; nothing to resume\n"


def test_a_loop_without_batches_is_not_resumed(script, capfd):
    path, run = script(ONE_LINE)
    (run / SUMMARY).unlink()  # as if it had been killed
    assert main(["resume", str(run), *command(path)]) == 2
    error = capfd.readouterr().err
    assert "this run cannot be resumed: the loop of this script fetches its own batches" in error
    assert "`for … in run.batches(loader):` lets the run go back" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("action", ["replay", "resume"])
def test_the_run_of_a_script_needs_its_command(script, capfd, action):
    _, run = script(ONE_LINE)
    (run / SUMMARY).unlink()  # as if it had been killed
    assert main([action, str(run)]) == 2
    assert f"to {action} it: tuitrain {action} {run} -- python {run.parent / 'train.py'}" in (
        capfd.readouterr().err
    )


@pytest.mark.parametrize(
    ("text", "status"), [("print('no run')", 0), ("1 / 0", 1), (SCRIPT + "sys.exit(5)", 5)]
)
def test_a_command_that_takes_no_step_is_told(script, capfd, text, status):
    path, run = script(ONE_LINE)
    path.write_text(text)
    assert main(["replay", str(run), *command(path)]) == 1
    message = f"has ended with status {status}, and without a step under tuitrain.watch"
    assert message in capfd.readouterr().err


def test_a_command_that_is_not_found_is_told(script, capfd):
    _, run = script(ONE_LINE)
    assert main(["replay", str(run), "--", "no-such-program"]) == 2
    assert "no-such-program cannot be run: No such file" in capfd.readouterr().err


def test_the_run_of_a_scenario_needs_no_command(tmp_path, capfd):
    run = tmp_path / "run"
    assert main(["replay", str(run), "--", "train.py"]) == 2
    assert "holds no run" in capfd.readouterr().err
    shutil.copytree(next((ROOT / "tests/records/kept").glob("*/header.json")).parent, run)
    assert main(["replay", str(run), "--", "train.py"]) == 2
    assert "needs no command" in capfd.readouterr().err


def test_a_script_file_alone_is_run_by_this_python(script, capfd):
    path, run = script(ONE_LINE)
    assert main(["replay", str(run), "--", str(path)]) == 0
    assert "identical through step 20" in capfd.readouterr().out
