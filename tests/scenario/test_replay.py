"""Replaying scenarios: events, expectations and exit statuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.errors import ScenarioError
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.events import Ended, EpochEnded, Finding, Started
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay


def run(text: str = TEXT) -> list:
    return list(replay(loads(text, "x.toml"), "x.toml"))


def of(kind, events) -> list:
    return [event for event in events if isinstance(event, kind)]


def test_the_events_of_a_run_are_in_order():
    events = run()
    assert events[0] == Started("small", total_steps=21, steps_per_epoch=7, batch_size=8)
    assert [(e.step, e.command, e.outcome) for e in of(JournalEntry, events)] == [
        (7, "freeze fc", "applied"),
        (7, "lr head 0.2", "applied"),
    ]
    assert [e.step for e in of(EpochEnded, events)] == [7, 14, 21]
    assert all(finding.held for finding in of(Finding, events))
    assert len(of(Finding, events)) == 6
    assert isinstance(events[-1], Ended)
    assert events[-1].ok


def test_the_same_scenario_has_the_same_digest():
    first, second, other = run(), run(), run(TEXT.replace('name = "small"', 'name = "s"\nseed = 1'))
    assert first == second
    assert first[-1].digest != other[-1].digest


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_bits_do_not_depend_on_the_number_of_threads(scenario, threads):
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    ours = {"TUITRAIN_THREADS": threads}
    message = subprocess.run(
        [sys.executable, "-m", "tuitrain", "replay", "--json", str(scenario)],
        env={**os.environ, **ours, **{f"{name}_NUM_THREADS": threads for name in names}},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(message.stdout.splitlines()[-1])["digest"] == run()[-1].digest


def test_a_digest_can_be_expected():
    digest = run()[-1].digest
    held = run(TEXT + f'[[expect]]\nepoch = 3\ndigest = "{digest}"\n')
    assert held[-1].ok
    failed = run(TEXT + '[[expect]]\nepoch = 3\ndigest = "sha256:0"\n')
    assert not failed[-1].ok


@pytest.mark.parametrize(
    ("expectation", "result"),
    [
        ('unchanged = { group = "head", since_epoch = 1 }', "changed: classifier.bias, class"),
        ('changed = { group = "fc", since_epoch = 1 }', "unchanged: fc1.bias, fc1.weight"),
        ('grad_none = ["*"]', "gradient: classifier.bias, classifier.weight"),
        ('lr = { group = "head", is = 0.3 }', "0.2"),
        ('test_accuracy = "> 1"', ""),
        ('train_loss = "< 0"', ""),
    ],
)
def test_failed_expectations_are_found(expectation, result):
    events = run(TEXT + f"[[expect]]\nepoch = 3\n{expectation}\n")
    finding = of(Finding, events)[-1]
    assert not finding.held
    assert finding.found.startswith(result)
    assert not events[-1].ok


def test_a_run_that_stops_before_an_expectation_fails_it():
    events = run(TEXT.replace('do = ["freeze fc", "lr head 0.2"]', 'do = "stop"'))
    assert of(Finding, events)[-1].expected == "the run gets to step 21"
    assert events[-1].step == 7
    assert not events[-1].ok


def test_a_pause_is_ignored_and_a_refused_command_fails_the_run():
    events = run(TEXT.replace('"lr head 0.2"', '"lr head 0.2", "pause"'))
    assert events[-1].ok
    text = TEXT.replace('"lr head 0.2"', '"lr head 0.2", "freeze conf"')
    events = list(replay(loads(text, "x.toml"), "x.toml", rehearse_plan=False))
    assert of(JournalEntry, events)[-1].outcome == "refused"
    assert not events[-1].ok


@pytest.mark.parametrize(
    "model",
    [
        "mlp",
        "transformer",
        *(pytest.param(m, marks=pytest.mark.slow) for m in ("cnn", "resnet8", "resnet20")),
    ],
)
def test_built_in_models_fit_the_images_and_classes_of_the_data(model):
    text = TEXT.replace("tests.scenario.small:model", model).replace("small:data", "small:colours")
    head, _, _ = text.partition("[[group]]")
    events = run(head + '[[expect]]\nepoch = 3\ntest_accuracy = ">= 0.6"\n')
    assert events[-1].ok, events[-1]


def test_a_model_that_does_not_fit_the_images_is_an_error():
    text = TEXT.replace("tests.scenario.small:model", "lenet").replace(
        "small:data", "small:colours"
    )
    with pytest.raises(ScenarioError, match=r"lenet cannot train on tests.*: ShapeError"):
        run(text.replace('"fc*"', '"f*"'))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("small:model", "small:modell", "no callable 'modell', did you mean 'model'?"),
        ("tests.scenario.small:model", "no.such:x", "model: there is no module 'no.such'"),
        ("tests.scenario.small:model", "lennet", "'lennet' is not known, did you mean 'lenet'?"),
        ("small:model", "small:not_a_model", "must return a tuitrain_core Module, but gave int"),
        ("small:model", "small:TooNarrow", "cannot train on tests.scenario.small:data: ShapeError"),
        ("small:model", "small:TooFew", "cannot train on tests.scenario.small:data: CoreError"),
        ("small:model", "small:Tired", "step 15: ArithmeticError: enough"),
        ("small:model", "small:Leaving", "step 15: SystemExit: enough"),
        ("batch_size = 8", "batch_size = 8\nseed = 9223372036854775808", "seed"),
        ("small:data", "small:broken", "broken() failed: OSError: the disk is gone"),
        ("small:data", "small:not_a_model", "must return two tuitrain_core Datasets"),
        ("tests.scenario.small:data", "idx:/nowhere", "data: "),
        ('name = "sgd"', 'name = "sdg"', "unknown optimizer 'sdg', did you mean 'sgd'?"),
        ("lr = 0.1", "lr = 0.1\nmomentun = 0.9", "no setting 'momentun', did you mean 'momentum'?"),
        ("lr = 0.1", 'lr = "fast"', "lr takes a number, true or false, or a pair of numbers"),
        ("lr = 0.1", f"lr = 1{'0' * 400}", "lr takes a number, true or false, or a pair of num"),
        (
            "lr = 0.1",
            f"lr = 1\nx = [0.1, 1{'0' * 400}]",
            "x takes a number, true or false, or a pa",
        ),
        ("small:model", "small:leaves", "leaves() failed: SystemExit: 0"),
        ("lr = 0.1", "lr = -0.1", "lr must be a finite number, 0 or more, but is -0.1"),
        (
            '["fc*"]\n[[group]]',
            '["fc3*"]\n[[group]]',
            "matches 'fc3*', did you mean 'fc1'?",
        ),
        (
            "epoch = 1\ndo",
            "epoch = 3\ndo",
            "[[at]] number 1: step 21 is the end of the run, where only a checkpoint can be",
        ),
        (
            "[[expect]]\nepoch = 1",
            "[[expect]]\nepoch = 4",
            "[[expect]] number 1: step 28 is after the end",
        ),
        (
            '{ group = "fc",',
            '{ group = "fcc",',
            "[[expect]] number 1: no group is called 'fcc', did you mean",
        ),
        (
            "since_epoch = 1",
            "since_epoch = 3",
            "must begin before the step at which it is expected",
        ),
        (
            'grad_none = ["fc*"]',
            'grad_none = ["gc*"]',
            "[[expect]] number 2: no parameter matches 'gc*'",
        ),
    ],
)
def test_a_scenario_that_cannot_be_built_is_an_error_with_its_file(before, after, message):
    assert before in TEXT
    with pytest.raises(ScenarioError) as error:
        run(TEXT.replace(before, after))
    assert str(error.value).startswith("x.toml: ")
    assert message in str(error.value)


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(TEXT)
    return path


def test_replay_exits_with_0_when_all_holds(scenario, capsys):
    assert main(["replay", str(scenario)]) == 0
    out = capsys.readouterr().out
    assert "all expectations hold" in out
    assert "freeze fc: fc frozen: 2 parameters" in out


def test_replay_exits_with_1_when_an_expectation_fails(scenario, capsys):
    scenario.write_text(TEXT.replace('">= 0"', '"> 1"'))
    assert main(["replay", str(scenario)]) == 1
    assert "test_accuracy > 1: FAILS" in capsys.readouterr().out


def test_replay_exits_with_2_on_bad_input_without_a_run(scenario, capsys):
    bad = scenario.with_name("bad.toml")
    bad.write_text(TEXT.replace("epochs", "epoch"))
    assert main(["replay", str(scenario), str(bad)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"tuitrain: {bad}: epoch: no such key, did you mean 'epochs'?")


def test_json_lines_end_with_the_digest(scenario, capsys):
    assert main(["replay", "--json", str(scenario)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines[:2]] == ["start", "epoch"]
    assert set(lines[-1]) == {"event", "step", "digest", "train_loss", "test_accuracy", "ok"}
    assert lines[-1]["event"] == "end"
    assert lines[-1]["digest"].startswith("sha256:")


def test_a_headless_run_has_the_same_bits_and_leaves_a_record(scenario, tmp_path, capsys):
    out = tmp_path / "record"
    assert main(["run", "--headless", "--json", "--out", str(out), str(scenario)]) == 0
    headless = capsys.readouterr().out
    assert main(["replay", "--json", str(scenario)]) == 0
    assert capsys.readouterr().out == headless
    assert json.loads((out / "header.json").read_text())["scenario"]["name"] == "small"
    journal = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
    assert [line["command"] for line in journal if line["event"] == "command"] == [
        "freeze fc",
        "lr head 0.2",
    ]
    metrics = (out / "metrics.jsonl").read_text().splitlines()
    assert json.loads(metrics[-1]) == {
        "event": "accuracy",
        "step": 21,
        "accuracy": json.loads(headless.splitlines()[-1])["test_accuracy"],
    }


def test_a_folder_that_cannot_be_written_is_an_error(scenario, capsys):
    assert main(["run", "--headless", "--out", str(scenario / "x"), str(scenario)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_without_a_terminal_the_error_names_the_headless_option(capsys):
    assert main(["run"]) == 2
    assert "tuitrain run --headless" in capsys.readouterr().err


def test_a_full_disk_behind_the_output_is_an_error(tmp_path):
    full = Path("/dev/full")
    if not full.exists():  # only Linux has a device that is always full
        return
    path = tmp_path / "x.toml"
    path.write_text(TEXT)
    command = [sys.executable, "-m", "tuitrain.cli", "replay", str(path)]
    with full.open("w") as output:
        message = subprocess.run(
            command, stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    assert message.returncode == 2
    assert message.stderr.splitlines()[-1] == (
        "tuitrain: the output cannot be written: No space left on device"
    )
    assert "Traceback" not in message.stderr
