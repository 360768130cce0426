"""The list of recorded runs."""

from __future__ import annotations

import json
import math
from datetime import datetime

import pytest

from tests.run_folders import accuracy, command, damaged, flown, left_behind, losses
from tuitrain.errors import TuitrainError
from tuitrain.records.record_reader import METRICS, SUMMARY, read_header
from tuitrain.records.summary import write_summary
from tuitrain.run.snapshot import OPEN_END
from tuitrain.scenario.runs.run_list import describe_run, list_runs


def test_a_finished_run_is_listed_with_its_last_metrics(tmp_path):
    run = describe_run(flown(tmp_path / "a"))
    assert (run.name, run.model, run.data) == ("small", "lenet", "mnist-mini")
    assert run.ending == "finished"
    assert (run.step, run.total, run.main_value) == (100, 100, 0.9)
    assert run.loss == pytest.approx(0.182, abs=1e-3)
    assert run.started_at == datetime(2026, 3, 1, 12, 30)


@pytest.mark.parametrize(
    ("epochs", "last", "ending"),
    [(3, 60, "finished"), (4, 60, "unfinished"), (3, 59, "unfinished")],
)
def test_the_length_of_an_epoch_follows_from_the_accuracies(tmp_path, epochs, last, ending):
    metrics = [losses(1, 20), accuracy(20, 0.5), losses(21, 40), accuracy(40, 0.6)]
    metrics += [losses(41, last), *([accuracy(60, 0.7)] if last == 60 else [])]
    run = describe_run(left_behind(tmp_path / "a", (), metrics, epochs=epochs, steps=None))
    assert (run.ending, run.step, run.total) == (ending, last, 20 * epochs)


def test_a_stopped_run_is_listed_as_stopped_until_resumed(tmp_path):
    journal = [command(40, "stop")]
    stopped = left_behind(tmp_path / "a", journal, [losses(1, 40)])
    assert describe_run(stopped).ending == "stopped"
    gone_on = left_behind(tmp_path / "b", journal, [losses(1, 40), losses(41, 60)])
    assert describe_run(gone_on).ending == "unfinished"


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("failed", "failed"),
        ("interrupted", "interrupted"),
        ("finished", "finished"),
        ("left", "unfinished"),
    ],
)
@pytest.mark.parametrize("parameters", [1, 2000])
def test_a_run_is_listed_as_it_ended_until_resumed(tmp_path, reason, ending, parameters):
    digests = {f"layer{number}.weight": "0" * 64 for number in range(parameters)}
    end = {"event": "end", "step": 40, "branch": "main", "reason": reason, "digests": digests}
    ended = left_behind(tmp_path / "a", [command(20, "freeze conv"), end], [losses(1, 40)])
    assert describe_run(ended).ending == ending
    metrics = [losses(1, 40), losses(41, 60)]
    gone_on = left_behind(tmp_path / "b", [command(20, "freeze conv"), end], metrics)
    assert describe_run(gone_on).ending == "unfinished"
    moved = left_behind(tmp_path / "c", [end, command(40, "rewind 10")], [losses(1, 40)])
    assert describe_run(moved).ending == "unfinished"


def test_a_run_without_a_known_end_has_no_length(tmp_path):
    end = {"event": "end", "step": 40, "branch": "main", "reason": "finished", "digests": {}}
    folder = left_behind(tmp_path / "a", [end], [losses(1, 40)], steps=OPEN_END)
    write_summary(folder, read_header(folder))
    summary = folder / SUMMARY
    old = json.loads(summary.read_text())
    assert (old["outcome"]["total"], old["outcome"]["ending"]) == (0, "finished")
    old["outcome"] |= {"total": OPEN_END, "ending": "unfinished"}
    summary.write_text(json.dumps(old))
    run = describe_run(folder)
    assert (run.ending, run.step, run.total) == ("finished", 40, 0)


def test_a_refused_stop_does_not_stop_the_run(tmp_path):
    folder = left_behind(tmp_path / "a", [command(40, "stop", "refused")], [losses(1, 40)])
    assert describe_run(folder).ending == "unfinished"


def test_a_run_without_a_step_has_no_metrics(tmp_path):
    run = describe_run(left_behind(tmp_path / "a"))
    assert (run.step, run.ending) == (0, "unfinished")
    assert math.isnan(run.loss)
    assert math.isnan(run.main_value)


def test_a_loss_that_is_not_finite_is_not_listed(tmp_path):
    diverged = {"event": "loss", "step": 1, "loss": [1, None]}
    run = describe_run(left_behind(tmp_path / "a", (), [diverged]))
    assert run.step == 2
    assert math.isnan(run.loss)


def test_the_last_accuracy_is_found_anywhere_in_the_file(tmp_path):
    folder = left_behind(tmp_path / "a", (), [losses(1, 20), accuracy(20, 0.5)])
    with (folder / METRICS).open("a") as file:
        for step in range(21, 6000):
            file.write(json.dumps(losses(step, step), separators=(",", ":")) + "\n")
    assert describe_run(folder).main_value == 0.5


def test_runs_are_listed_newest_first_and_damaged_ones_say_why(tmp_path):
    flown(tmp_path / "old", started_at=datetime(2026, 1, 1))
    flown(tmp_path / "new", started_at=datetime(2026, 2, 1))
    (tmp_path / "no run").mkdir()
    left_behind(tmp_path / "odd", started_at=datetime(2025, 1, 1), model=3)
    damaged(tmp_path / "cut", datetime(2024, 1, 1))
    runs = list_runs(tmp_path)
    assert [run.folder.name for run in runs] == ["new", "old", "odd", "cut"]
    assert {run.folder.name for run in runs if run.problem} == {"odd", "cut"}


def test_a_missing_folder_has_no_runs(tmp_path):
    assert list_runs(tmp_path / "none") == []


def test_a_file_in_place_of_the_folder_has_no_runs(tmp_path):
    (tmp_path / "file").write_text("")
    try:
        assert list_runs(tmp_path / "file") == []
    except TuitrainError as error:
        assert "cannot be read" in str(error)


@pytest.mark.parametrize("event", ["loss", "accuracy"])
def test_a_step_of_thousands_of_digits_is_ignored(tmp_path, event):
    folder = flown(tmp_path / "a")
    value = "[1.5]" if event == "loss" else "0.5"
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(f'{{"event":"{event}","step":{"9" * 5000},"{event}":{value}}}\n')
    assert describe_run(folder).step == 100
