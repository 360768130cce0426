"""Logs of TensorBoard become recordings."""

from __future__ import annotations

import math
import random
from datetime import datetime
from itertools import chain
from pathlib import Path

import pandas
import pytest
from tensorboard.compat.proto.summary_pb2 import Summary

from tests.trackers.logs_of_others import START, curve, event, log, scalar, tensor, text
from tuitrain.cli import main
from tuitrain.errors import TuitrainError
from tuitrain.records.history import read_history
from tuitrain.run.snapshot import LogLine
from tuitrain.scenario.runs.final_curves import final_curves
from tuitrain.scenario.runs.record_player import RecordPlayer
from tuitrain.scenario.runs.run_list import RecordedRun, list_runs
from tuitrain.tracking.export import export_run
from tuitrain.tracking.importing.import_folder import import_folder


def imported(source: Path, loss: str | None = None) -> list[RecordedRun]:
    """Return the recordings of a folder, in the order of their names."""
    records = source.parent / "records"
    results = list(import_folder(source, records, loss))
    assert [result.problem for result in results] == [""] * len(results)
    return sorted(list_runs(records), key=lambda run: run.name)


def loss(run: RecordedRun) -> list[tuple[int, float]]:
    series = final_curves(run.folder).loss
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


def metric(run: RecordedRun, name: str) -> list[tuple[int, float]]:
    series = final_curves(run.folder).metrics[name]
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


def test_a_log_becomes_a_recording(tmp_path):
    records = [*curve("train/loss", 1, 20), scalar(10, "val/acc", 0.5), scalar(20, "val/acc", 0.75)]
    log(tmp_path / "mine", records)
    (run,) = imported(tmp_path / "mine")
    assert (run.name, run.step, run.loss, run.ending) == ("mine", 20, 20.0, "finished")
    assert run.main_value == 0.75
    assert run.started_at == datetime.fromtimestamp(START + 1)
    assert loss(run) == [(step, float(step)) for step in range(1, 21)]
    assert metric(run, "val/acc") == [(10, 0.5), (20, 0.75)]


def test_a_recording_is_played_moment_by_moment(tmp_path):
    log(tmp_path / "mine", [*curve("loss", 1, 5), scalar(3, "val/acc", 0.5)])
    (run,) = imported(tmp_path / "mine")
    player = RecordPlayer(run.folder)
    snapshot = player.snapshot()
    assert (snapshot.step, len(snapshot.loss), snapshot.info.total_steps) == (5, 5, 5)
    player.go(2)
    assert len(player.snapshot().metrics["val/acc"]) == 0
    player.go(3)
    assert player.snapshot().metrics["val/acc"].values.tolist() == [0.5]
    assert "imported" in snapshot.note


def test_texts_are_lines_of_the_log(tmp_path):
    records = [
        *curve("loss", 0, 3),
        text(0, "config/text_summary", b"lr: 0.1", "größe: 3\x1b[2J".encode()),
        text(2, "config/text_summary", b"lr: 0.2", says_kind=False),
        text(2, "other", b"no text, as far as it says", says_kind=False),
        text(3, "long", b"x" * 5000),
    ]
    log(tmp_path / "mine", records)
    (run,) = imported(tmp_path / "mine")
    first, second, third, long = RecordPlayer(run.folder).snapshot().log.lines
    assert first == LogLine(1, "out", "config/text_summary: lr: 0.1")
    assert second == LogLine(1, "out", "größe: 3\x1b[2J")
    assert third == LogLine(3, "out", "config/text_summary: lr: 0.2")
    assert (long.step, len(long.text)) == (4, len("long: ") + 4001)


def test_a_log_without_texts_has_no_output(tmp_path):
    log(tmp_path / "mine", curve("loss", 1, 3))
    (run,) = imported(tmp_path / "mine")
    assert not (run.folder / "output.log").exists()


def test_a_loss_at_some_steps_has_no_gaps(tmp_path):
    log(tmp_path / "mine", [scalar(step, "loss", 1 / step) for step in (100, 200, 1000)])
    (run,) = imported(tmp_path / "mine")
    assert [step for step, _ in loss(run)] == [100, 200, 1000]
    assert not any(math.isnan(value) for _, value in loss(run))


def test_steps_counted_from_0_are_counted_from_1(tmp_path):
    log(tmp_path / "mine", [*curve("loss", 0, 3), scalar(3, "acc", 0.5)])
    (run,) = imported(tmp_path / "mine")
    assert [step for step, _ in loss(run)] == [1, 2, 3, 4]
    assert metric(run, "acc") == [(4, 0.5)]


def test_each_folder_with_event_files_is_a_run(tmp_path):
    for name in ("a", "b/train", "b/validation"):
        log(tmp_path / "runs" / name, curve("epoch_loss", 1, 3))
    runs = imported(tmp_path / "runs")
    assert [run.name for run in runs] == ["runs/a", "runs/b/train", "runs/b/validation"]


def test_a_restart_in_another_file_is_a_branch(tmp_path):
    log(tmp_path / "mine", [*curve("loss", 1, 100), scalar(60, "acc", 0.6)])
    log(tmp_path / "mine", [*curve("loss", 51, 120, 0.5), scalar(60, "acc", 0.7)], number=1)
    (run,) = imported(tmp_path / "mine")
    history = read_history(run.folder)
    assert [segment.branch.name for segment in history.segments] == ["main", "b1"]
    assert len(history.segments[0].branch.loss) == 100
    expected = [*map(float, range(1, 51)), *(step + 0.5 for step in range(51, 121))]
    assert [value for _, value in loss(run)] == expected
    assert metric(run, "acc") == [(60, pytest.approx(0.7))]


def test_steps_that_go_back_in_a_file_are_a_branch(tmp_path):
    log(tmp_path / "mine", [*curve("loss", 1, 10), *curve("loss", 6, 12, 0.5)])
    (run,) = imported(tmp_path / "mine")
    assert [step for step, _ in loss(run)] == [*range(1, 13)]
    assert [value for _, value in loss(run)][4:6] == [5.0, 6.5]


def test_a_second_file_that_continues_is_no_branch(tmp_path):
    log(tmp_path / "mine", curve("loss", 1, 10))
    log(tmp_path / "mine", curve("loss", 11, 20), number=1)
    log(tmp_path / "mine", curve("val/loss", 1, 20), number=2)
    (run,) = imported(tmp_path / "mine")
    assert len(read_history(run.folder).segments) == 1
    assert len(loss(run)) == 20


def test_another_tag_that_goes_back_makes_no_branch(tmp_path):
    seconds = chain.from_iterable(
        [scalar(step, "loss", step), scalar(step % 5, "batch/seconds", step)]
        for step in range(1, 21)
    )
    log(tmp_path / "mine", seconds)
    (run,) = imported(tmp_path / "mine")
    assert len(read_history(run.folder).segments) == 1
    assert [step for step, _ in metric(run, "batch/seconds")] == [0, 1, 2, 3, 4]


def test_of_two_values_at_a_step_the_later_counts(tmp_path):
    log(tmp_path / "mine", [scalar(1, "loss", 1), scalar(1, "loss", 2), scalar(2, "loss", 3)])
    (run,) = imported(tmp_path / "mine")
    assert loss(run) == [(1, 2.0), (2, 3.0)]


def test_numbers_of_tensorflow_2_are_read(tmp_path):
    log(tmp_path / "mine", [tensor(step, "epoch_loss", step / 2) for step in range(1, 4)])
    (run,) = imported(tmp_path / "mine")
    assert loss(run) == [(1, 0.5), (2, 1.0), (3, 1.5)]


def test_values_that_are_not_finite_are_kept_as_such(tmp_path):
    log(
        tmp_path / "mine",
        [scalar(1, "loss", 1), scalar(2, "loss", math.nan), scalar(3, "loss", math.inf)],
    )
    (run,) = imported(tmp_path / "mine")
    assert [math.isnan(value) for _, value in loss(run)] == [False, True, True]
    assert math.isnan(run.loss)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["val/loss", "train/loss"], "train/loss"),
        (["loss", "lr", "grad_loss_scale"], "loss"),
        (["eval/loss", "lr"], "eval/loss"),
        (["reward"], "reward"),
    ],
)
def test_the_loss_is_chosen_by_its_tag(tags, expected, tmp_path):
    log(tmp_path / "mine", [scalar(1, tag, index) for index, tag in enumerate(tags)])
    results = list(import_folder(tmp_path / "mine", tmp_path / "records"))
    assert results[0].log is not None
    assert results[0].log.loss == expected


def test_the_user_may_name_the_loss(tmp_path):
    log(tmp_path / "mine", [*curve("a", 1, 3), *curve("b", 1, 3, 0.5)])
    (run,) = imported(tmp_path / "mine", "b")
    assert loss(run)[0] == (1, 1.5)
    (result,) = import_folder(tmp_path / "mine", tmp_path / "more", "bb")
    assert "did you mean 'b'" in result.problem


def test_tags_become_names_that_a_record_can_have(tmp_path):
    odd = ['a:b "c"', "a:b\\c", "lr", "accuracy", "x" * 300, "你好", ""]
    log(tmp_path / "mine", [*curve("loss", 1, 2), *(scalar(2, tag, 97.0) for tag in odd)])
    (run,) = imported(tmp_path / "mine")
    names = list(final_curves(run.folder).metrics)
    assert len(names) == len(odd)
    assert {"log/lr", "accuracy_percent", "你好"} <= set(names)
    assert all(value == 97.0 for value in run.metrics.values())


def test_pictures_texts_and_large_records_are_passed_over(tmp_path):
    text = Summary.Value(tag="text")
    text.tensor.dtype = 7
    text.tensor.string_val.append(b"x" * 1_000_000)
    picture = Summary.Value(tag="image", image=Summary.Image(encoded_image_string=b"x" * 1_000_000))
    log(tmp_path / "mine", [event(1, text), event(1, picture), *curve("loss", 1, 2)])
    (run,) = imported(tmp_path / "mine")
    assert run.metrics == {"accuracy": pytest.approx(math.nan, nan_ok=True)}
    assert len(loss(run)) == 2


@pytest.mark.parametrize("seed", range(60))
def test_any_log_becomes_a_whole_recording(seed, tmp_path):
    """Steps go back at random, in files and between them, and so do those of single tags."""
    chance, value = random.Random(seed), 0.0
    for number in range(chance.randint(1, 3)):
        records, step = [], chance.randint(-2, 30)
        for _ in range(chance.randint(1, 60)):
            if chance.random() < 0.05:
                step = max(-3, step - chance.randint(0, 30))
            tag = chance.choice(["loss", "loss", "loss", "val/acc", "lr", "x:y"])
            at = step + (chance.randint(-3, 3) if chance.random() < 0.1 else 0)
            value += 1
            records.append(scalar(at, tag, value))
            step += chance.choice([1, 1, 1, 5]) if tag == "loss" else 0
        log(tmp_path / "mine", records, number)
    (run,) = imported(tmp_path / "mine")
    known = loss(run)
    assert known[-1] == (run.step, run.loss)
    for series in (final_curves(run.folder).loss, *final_curves(run.folder).metrics.values()):
        assert series.steps.tolist() == sorted(set(series.steps.tolist()))
    export_run(run.folder, {"csv": tmp_path / "run.csv"})
    rows = pandas.read_csv(tmp_path / "run.csv")
    rows = rows[(rows.branch == read_history(run.folder).segments[-1].branch.name)]
    rows = rows[rows.name == "loss"]
    assert list(zip(rows.step, rows.value, strict=True)) == known


def test_an_exported_run_comes_back(trained, tmp_path):
    export_run(trained, {"tensorboard": tmp_path / "tb"})
    main_run, *_ = sorted(imported(tmp_path / "tb"), key=lambda run: run.step)
    known = read_history(trained).segments[0].branch.loss.series()
    assert [step for step, _ in loss(main_run)] == known.steps.tolist()
    assert [value for _, value in loss(main_run)] == pytest.approx(known.values.tolist())
    assert "lr/head" in final_curves(main_run.folder).metrics


@pytest.mark.parametrize("command", ["replay", "resume"])
def test_a_recording_of_a_log_is_neither_replayed_nor_resumed(command, tmp_path, capsys):
    log(tmp_path / "mine", curve("loss", 1, 3))
    (run,) = imported(tmp_path / "mine")
    assert main([command, str(run.folder)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "imported from the logs of another program" in line


def test_a_recording_of_a_log_is_not_saved_as_a_scenario(tmp_path, capsys):
    log(tmp_path / "mine", curve("loss", 1, 3))
    (run,) = imported(tmp_path / "mine")
    assert main(["save", str(run.folder), str(tmp_path / "x.toml")]) == 2
    assert "imported from the logs" in capsys.readouterr().err


def test_the_command_says_what_it_has_made(tmp_path, capsys):
    log(tmp_path / "runs" / "a", [*curve("train/loss", 1, 30), scalar(2, "acc", 0.5)])
    (tmp_path / "runs" / "b").mkdir()
    (tmp_path / "runs" / "b" / "events.out.tfevents.1").write_bytes(b"what is this, no event file")
    words = ["import", str(tmp_path / "runs"), "--out", str(tmp_path / "records")]
    assert main(words) == 2
    output = capsys.readouterr()
    (line,) = output.out.splitlines()
    (made,) = (tmp_path / "records").iterdir()
    assert line == f"{made}: 30 steps, 2 tags; the loss is train/loss"
    (problem,) = output.err.splitlines()
    assert "events.out.tfevents.1, byte 0: no record of an event file begins there" in problem


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path, "does not exist"),
        (lambda path: path.mkdir(), "has no event files"),
        (lambda path: path.write_text("x"), "is a file"),
    ],
)
def test_a_folder_without_logs_is_one_clear_error(make, problem, tmp_path):
    make(tmp_path / "x")
    with pytest.raises(TuitrainError, match=problem):
        list(import_folder(tmp_path / "x", tmp_path / "records"))
