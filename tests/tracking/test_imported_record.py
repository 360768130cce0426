"""Values of a log become the record of a run; `tests/trackers` reads them from event files."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from tests import hostile
from tests.tracking.collecting import lines
from tuitrain.cli import main
from tuitrain.records.history import read_history
from tuitrain.scenario.runs.final_curves import final_curves
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import describe_run
from tuitrain.text import visible
from tuitrain.tracking.importing.event_values import FileValues, TagValues
from tuitrain.tracking.importing.imported_curves import name_metrics
from tuitrain.tracking.importing.imported_record import read_log, write_record


def file(**tags: dict[int, float]) -> FileValues:
    """Return the values of a file, one tag after the other."""
    values: FileValues = {}
    for tag, points in tags.items():
        values[tag] = TagValues()
        for number, (step, value) in enumerate(points.items()):
            values[tag].order.append(number)
            values[tag].steps.append(step)
            values[tag].values.append(value)
            values[tag].times.append(1_700_000_000.0 + step)
    return values


def recorded(folder: Path, *files: FileValues) -> Path:
    write_record(read_log(list(files), "log"), folder / "run", "log", folder / "log")
    return folder / "run"


def test_losses_at_some_steps_are_a_curve_without_gaps(tmp_path):
    run = recorded(tmp_path, file(loss={100: 1.0, 200: 0.5, 201: 0.4}, acc={200: 0.9}))
    loss = final_curves(run).loss
    assert loss.steps.tolist() == [100, 200, 201]
    assert loss.values.tolist() == [1.0, 0.5, 0.4]
    assert final_curves(run).metrics["acc"].steps.tolist() == [200]
    assert describe_run(run).main_value == 0.9


def test_consecutive_losses_are_one_line(tmp_path):
    run = recorded(tmp_path, file(loss=dict.fromkeys(range(1, 101), 1.0), acc={50: 0.5}))
    assert len(lines(run / "metrics.jsonl")) == 3


def test_a_restart_is_a_rewind(tmp_path):
    first = file(loss=dict.fromkeys(range(1, 11), 1.0))
    second = file(loss=dict.fromkeys(range(6, 13), 0.5))
    run = recorded(tmp_path, first, second)
    main_branch, other = [segment.branch for segment in read_history(run).segments]
    assert (len(main_branch.loss), other.name, other.fork) == (10, "b1", 5)
    assert final_curves(run).loss.values.tolist() == [1.0] * 5 + [0.5] * 7


def test_metrics_after_the_last_loss_are_shown(tmp_path):
    run = recorded(tmp_path, file(loss={1: 1.0}, acc={1: 0.5, 9: 0.75}))
    snapshot = RecordPlayer(run).snapshot()
    assert snapshot.step == 9
    assert snapshot.metrics["acc"].values.tolist() == [0.5, 0.75]


def test_values_that_are_not_finite_are_in_the_record(tmp_path):
    run = recorded(tmp_path, file(loss={1: 1.0, 2: math.inf, 3: math.nan}))
    assert [math.isnan(value) for value in final_curves(run).loss.values] == [False, True, True]


@pytest.mark.parametrize("command", [["replay"], ["resume"], ["resume", "--although-changed"]])
def test_it_is_neither_replayed_nor_resumed(command, tmp_path, capsys):
    run = recorded(tmp_path, file(loss={1: 1.0}))
    assert main([*command, str(run)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("it can be shown and compared, and neither replayed nor resumed")


def test_a_scenario_cannot_name_it_as_its_engine(tmp_path, capsys):
    text = 'schema = 1\nname = "x"\nsteps = 1\nengine = "imported"\n[optimizer]\nname = "sgd"\n'
    (tmp_path / "x.toml").write_text(text)
    assert main(["run", "--headless", str(tmp_path / "x.toml")]) == 2
    assert "imported from the logs of another program" in capsys.readouterr().err


def test_an_import_without_the_library_is_one_sentence(tmp_path, monkeypatch, capsys):
    for name in ("tensorboard", "tensorboard.compat.proto.event_pb2"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "events.out.tfevents.1").write_bytes(b"")
    assert main(["import", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "pip install 'tuitrain[tensorboard]'" in capsys.readouterr().err


def test_an_accuracy_in_percent_takes_no_name_of_another_tag():
    log = read_log([file(loss={1: 1.0}, accuracy={1: 50.0}, accuracy_percent={1: 7.0})], "log")
    assert log.metrics == {
        "accuracy": "accuracy_percent-2",
        "accuracy_percent": "accuracy_percent",
    }


def test_steps_before_the_first_loss_are_shifted_and_not_counted_twice():
    assert read_log([file(loss={0: 1.0})], "log").steps == 1
    assert read_log([file(loss={-5: 1.0, -4: 0.5}, acc={-9: 0.5})], "log").steps == 5


@pytest.mark.parametrize("text", hostile.TEXTS)
def test_names_of_metrics_are_visible_whatever_the_tags_are(text):
    (name,) = name_metrics([text]).values()
    assert name and visible(name) == name
    assert not set('"\\:') & set(name)


def test_invisible_characters_of_a_tag_become_a_line_below():
    tags = ["val\x9b31m", "a\u202eb\u2066\u2069c", "日本 語", "e\u0301"]
    assert name_metrics(tags) == {
        "val\x9b31m": "val_31m",
        "a\u202eb\u2066\u2069c": "a_b_c",
        "日本 語": "日本 語",
        "e\u0301": "e\u0301",
    }
