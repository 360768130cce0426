"""What a scenario measures: names, callables, intervals, expectations, records and programs."""

import json
import math
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from tests.scenario.small import TEXT
from tuitrain.cli import main
from tuitrain.errors import ScenarioError
from tuitrain.metric_info import MetricInfo
from tuitrain.records.record_reader import JOURNAL, METRICS, SUMMARY, read_metrics
from tuitrain.records.record_writer import RecordWriter
from tuitrain.scenario.build import build
from tuitrain.scenario.events import Ended, EpochEnded, Evaluated
from tuitrain.scenario.load import loads
from tuitrain.scenario.replay import replay
from tuitrain.scenario.runs.final_curves import final_curves
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import describe_run
from tuitrain.scenario.save import recorded_scenario, to_toml
from tuitrain.scenario.verify import make_header
from tuitrain_core.data import Dataset

HEAD = TEXT[: TEXT.index("[[expect]]")]
SEVERAL = 'metrics = ["test_loss", "accuracy", "tests.scenario.test_metrics:recall_of_2"]\n'


def recall_of_2(outputs, targets) -> float:
    return float((outputs.argmax(axis=1) == 2)[targets == 2].mean())


recall_of_2.is_share = True


def wordy(outputs, targets) -> str:
    return "good"


def falls(outputs, targets) -> float:
    raise ArithmeticError("it falls")


falls.larger_is_better = False


def odd(outputs, targets) -> float:
    return 0.0


odd.is_share = "often"


def text(keys: str = "", rest: str = "") -> str:
    return HEAD.replace("epochs = 3\n", f"epochs = 3\n{keys}", 1) + rest


def run(source: str) -> list:
    return list(replay(loads(source, "x.toml"), "x.toml"))


def of(kind, events) -> list:
    return [event for event in events if isinstance(event, kind)]


def write(folder: Path, source: str) -> Path:
    path = folder / "x.toml"
    path.write_text(source)
    return path


def fly(folder: Path, source: str) -> None:
    """Record a run."""
    scenario = loads(source, "x.toml")
    with ExitStack() as files:
        recorder = RecordWriter(folder, make_header(scenario), files)
        assert of(Ended, replay(scenario, "x.toml", recorder=recorder))


def test_the_accuracy_is_measured_where_nothing_else_is_asked():
    session = build(loads(text(), "x.toml"), "x.toml")
    assert session.info.metrics == (MetricInfo("accuracy", is_share=True),)
    assert list(session.metrics.of_test_set()) == ["accuracy"]


def test_several_metrics_are_measured_in_the_order_asked():
    session = build(loads(text(SEVERAL), "x.toml"), "x.toml")
    measured = session.metrics.of_test_set()
    assert list(measured) == ["test_loss", "accuracy", "recall_of_2"]
    assert [info.is_share for info in session.info.metrics] == [False, True, True]
    alone = build(loads(text(), "x.toml"), "x.toml").metrics.of_test_set()
    assert measured["accuracy"] == alone["accuracy"]
    assert 0 <= measured["recall_of_2"] <= 1
    assert measured["test_loss"] > 0.5


def test_metrics_do_not_change_what_is_trained():
    assert run(text(SEVERAL))[-1].digest == run(text())[-1].digest


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ('metrics = ["acuracy"]\n', "metrics[0]: no metric is called 'acuracy', did you mean 'acc"),
        ('metrics = ["mae", "mae"]\n', "metrics[1]: a second metric is called 'mae'"),
        ('metrics = ["a:f1", "b:f1"]\n', "metrics[1]: a second metric is called 'f1'"),
        ('metrics = ["a:accuracy", "accuracy"]\n', "a second metric is called 'accuracy'"),
        ('metrics = ["a:loss"]\n', "metrics[0]: takes package.module:callable, with"),
        ('metrics = [":f1"]\n', "metrics[0]: takes package.module:callable"),
        ("metrics = []\n", "metrics: expected"),
        ('metrics = "mae"\n', "metrics: expected"),
        ('evaluate = { every = "2 days" }\n', "evaluate.every: takes a number of steps or epochs"),
        ('evaluate = { every = "0 steps" }\n', "but was given '0 steps'"),
        ("evaluate = { every = 500 }\n", "evaluate.every: expected"),
        ('evaluate = { evry = "1 epoch" }\n', "evaluate.evry: no such key, did you mean 'every'?"),
    ],
)
def test_a_wrong_key_is_one_clear_error(keys, message):
    with pytest.raises(ScenarioError) as error:
        loads(text(keys), "x.toml")
    assert message in str(error.value)
    assert str(error.value).startswith("x.toml: ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tests.scenario.test_metrics:recal_of_2", "did you mean 'recall_of_2'?"),
        ("tests.scenario.test_metrics:odd", "odd.is_share must be True or False, but is a str"),
        ("tests.scenario.test_metrics:wordy", "must return one real number, but gave 'good'"),
        ("tests.scenario.test_metrics:falls", "ArithmeticError: it falls"),
        ("mae", "do not fit targets"),
    ],
)
def test_a_metric_that_cannot_be_measured_is_an_error_before_the_first_step(name, message):
    with pytest.raises(ScenarioError) as error:
        build(loads(text(f'metrics = ["{name}"]\n'), "x.toml"), "x.toml")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        ("5 steps", [5, 10, 15, 20, 21]),
        ("1 step", list(range(1, 22))),
        ("2 epochs", [14, 21]),
        ("1 epoch", [7, 14, 21]),
        ("99 epochs", [21]),
    ],
)
def test_metrics_are_measured_at_the_interval_and_at_the_end(tmp_path, every, steps):
    source = text(f'evaluate = {{ every = "{every}" }}\n')
    folder = tmp_path / "run"
    fly(folder, source)
    lines = [line for line in read_metrics(folder) if hasattr(line, "accuracy")]
    assert [line.step for line in lines] == steps
    assert final_curves(folder).metrics["accuracy"].steps.tolist() == steps
    events = run(source)
    assert [e.step for e in of(EpochEnded, events)] == [7, 14, 21]
    assert [e.step for e in of(EpochEnded, events) if e.metrics] == [s for s in steps if s % 7 == 0]
    assert [e.step for e in of(Evaluated, events)] == [s for s in steps if s % 7]
    assert events[-1].digest == run(text())[-1].digest
    row = describe_run(folder)
    assert (row.ending, row.total) == ("finished", 21)


def test_the_record_of_accuracies_is_as_it_was(tmp_path):
    folder = tmp_path / "run"
    fly(folder, text())
    lines = [line for line in (folder / METRICS).read_text().splitlines() if "accuracy" in line]
    assert lines[0].startswith('{"event":"accuracy","step":7,"accuracy":')
    assert "metrics" not in json.loads((folder / SUMMARY).read_text())["outcome"]
    assert '"event":"metric"' not in (folder / METRICS).read_text()


def test_other_metrics_are_recorded_listed_and_shown(tmp_path):
    folder = tmp_path / "run"
    fly(folder, text(SEVERAL))
    events = run(text(SEVERAL))
    last = {info.name: value for info, value in of(Ended, events)[0].metrics}
    lines = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    at_end = [line for line in lines if line["event"] != "loss"][-3:]
    assert at_end == [
        {"event": "metric", "step": 21, "name": "test_loss", "value": last["test_loss"]},
        {"event": "accuracy", "step": 21, "accuracy": last["accuracy"]},
        {"event": "metric", "step": 21, "name": "recall_of_2", "value": last["recall_of_2"]},
    ]
    row = describe_run(folder)
    assert row.main_metric.name == "test_loss"
    assert row.metrics == last
    shown = RecordPlayer(folder).snapshot()
    assert shown.main_series.values[-1] == last["test_loss"]
    assert shown.metrics["recall_of_2"].steps.tolist() == [7, 14, 21]
    assert [info.is_share for info in shown.info.metrics] == [False, True, True]


def test_a_record_is_verified_in_every_metric(tmp_path, capsys):
    folder = tmp_path / "run"
    fly(folder, text(SEVERAL))
    assert main(["replay", str(folder)]) == 0
    lines = (folder / METRICS).read_text()
    at = lines.index('"name":"test_loss","value":') + len('"name":"test_loss","value":')
    (folder / METRICS).write_text(lines[:at] + "9" + lines[at + 1 :])
    capsys.readouterr()
    assert main(["replay", str(folder)]) == 1
    assert "DIFFERS at step 7: test_loss" in capsys.readouterr().out


def test_a_killed_run_is_resumed_with_all_its_metrics(tmp_path):
    folder, cut = tmp_path / "run", tmp_path / "cut"
    fly(folder, text(SEVERAL))
    cut.mkdir()
    (cut / "header.json").write_bytes((folder / "header.json").read_bytes())
    lines = (folder / METRICS).read_bytes().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if b'"accuracy"' in line)
    (cut / METRICS).write_bytes(b"".join(lines[: first + 1]) + b'{"event":"met')
    journal = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (cut / JOURNAL).write_bytes(b"".join(journal[:1]))
    assert main(["resume", str(cut)]) == 0

    def metrics(path: Path) -> list:
        return [line for line in read_metrics(path) if not hasattr(line, "loss")]

    assert metrics(cut) == metrics(folder)


def test_a_checkpoint_keeps_the_curves_of_all_metrics(tmp_path):
    from tuitrain.records.checkpoint_format import decode_state, encode_state, state_arrays

    session = build(loads(text(SEVERAL), "x.toml"), "x.toml")
    while session.step < 14:
        session.run_burst()
    state = session.state()
    arrays = state_arrays(state)
    assert arrays["line/0/measured"].tolist() == [7, 14]
    read = decode_state(encode_state(state), arrays)
    for name, series in state.branch.metrics.series().items():
        assert read.branch.metrics.series()[name].values.tolist() == series.values.tolist()
        assert read.branch.metrics.series()[name].steps.tolist() == [7, 14]


def test_metrics_are_expected_by_name():
    events = run(
        text(SEVERAL, '[[expect]]\nepoch = 3\nmetric = { name = "test_loss", is = "<= 5" }\n')
        + '[[expect]]\nepoch = 3\nmetric = { name = "recall_of_2", is = "> 1" }\n'
    )
    findings = [(e.expected, e.held) for e in events if type(e).__name__ == "Finding"]
    assert findings == [("test_loss <= 5", True), ("recall_of_2 > 1", False)]
    assert not events[-1].ok


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ('metric = { name = "test_los", is = "< 1" }', "did you mean 'test_loss'?"),
        ('test_accuracy = "> 0"', "test_accuracy: this run does not measure 'accuracy'"),
        (
            'metric = { name = "mae", is = "small" }',
            "[[expect]] number 1, metric.is: takes a comparison",
        ),
        ('metric = { name = "mae" }', "[[expect]] number 1, metric: the key 'is' is missing"),
    ],
)
def test_an_expectation_of_what_is_not_measured_is_an_error(expect, message):
    source = text('metrics = ["test_loss"]\n', f"[[expect]]\nepoch = 1\n{expect}\n")
    with pytest.raises(ScenarioError) as error:
        run(source)
    assert message in str(error.value)


def test_reports_name_every_metric(tmp_path, capsys):
    path = write(tmp_path, text(SEVERAL + 'evaluate = { every = "5 steps" }\n'))
    assert main(["replay", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "5  test_loss 0.5816, test accuracy 60.00%, recall_of_2 100.00%" in printed
    assert "recall_of_2 " in printed
    assert main(["replay", "--json", str(path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    ended = lines[-1]
    assert list(ended["metrics"]) == ["test_loss", "accuracy", "recall_of_2"]
    assert ended["test_accuracy"] == ended["metrics"]["accuracy"]
    assert [line["step"] for line in lines if line["event"] == "evaluate"] == [5, 10, 15, 20]


def test_a_saved_scenario_keeps_what_is_measured(tmp_path):
    folder = tmp_path / "run"
    source = text(SEVERAL + 'evaluate = { every = "2 epochs" }\n')
    fly(folder, source)
    saved = recorded_scenario(folder)
    assert saved.metrics == loads(source, "x.toml").metrics
    assert loads(to_toml(saved), "y.toml").evaluate == loads(source, "x.toml").evaluate


def test_a_saved_program_prints_the_metrics(tmp_path, capsys):
    path = write(tmp_path, text(SEVERAL))
    assert main(["save", str(path), str(tmp_path / "x.py")]) == 0
    capsys.readouterr()
    program = (tmp_path / "x.py").read_text()
    assert "recall_of_2 as measure_recall_of_2" in program
    exec(compile(program, "x.py", "exec"), {"__name__": "program"})
    printed = capsys.readouterr().out.splitlines()
    ended = of(Ended, run(text(SEVERAL)))[0]
    values = {info.name: value for info, value in ended.metrics}
    assert printed[-1] == ended.digest
    for name, value in values.items():
        assert f"{name} {value:.4f}" in printed[-2]


def test_a_metric_that_is_not_finite_is_recorded_as_null(tmp_path, monkeypatch):
    name = "tests.scenario.test_metrics.recall_of_2"
    monkeypatch.setattr(name, lambda outputs, targets: math.nan)
    folder = tmp_path / "run"
    fly(folder, text(SEVERAL))
    assert '"name":"recall_of_2","value":null}' in (folder / METRICS).read_text()
    assert math.isnan(describe_run(folder).metrics["recall_of_2"])
    assert np.isfinite(describe_run(folder).metrics["test_loss"])


def numbers():
    """Return data whose targets are not class numbers."""
    generator = np.random.default_rng(0)

    def part(count: int) -> Dataset:
        inputs = generator.normal(size=(count, 36)).astype(np.float32)
        return Dataset(inputs, np.tile(inputs[:, :1], 4))

    return part(50), part(20)


def test_data_without_classes_measures_the_loss_and_so_does_its_record(tmp_path):
    source = text().replace("tests.scenario.small:data", "tests.scenario.test_metrics:numbers")
    fly(tmp_path / "run", source)
    row, shown = describe_run(tmp_path / "run"), RecordPlayer(tmp_path / "run").snapshot()
    assert row.main_metric.name == shown.info.main_metric.name == "test_loss"
    assert row.main_value == shown.main_series.values[-1] > 0
