"""A summary saves a list the search for an outcome; a stale one is ignored."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.run_folders import (
    SCENARIO,
    accuracy,
    command,
    flown,
    left_behind,
    loss_at,
    losses,
)
from tuitrain.records.outcome import Outcome, outcome_of_tails
from tuitrain.records.record_reader import JOURNAL, METRICS, SCHEMA, SUMMARY, Header, read_header
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.summary import read_outcome, read_summary, write_summary
from tuitrain.run.snapshot import JournalEntry

HEADER = Header(SCHEMA, SCENARIO, {})
FREEZE = JournalEntry(0, 20, "freeze conv", "key", "applied", "")


@pytest.fixture
def ended(tmp_path) -> Path:
    """A run that has ended, with a summary that differs from what its files say."""
    folder = flown(tmp_path / "ended")
    write_summary(folder, read_header(folder))
    path = folder / SUMMARY
    summary = json.loads(path.read_text())
    summary["outcome"]["accuracy"] = 0.125
    path.write_text(json.dumps(summary))
    return folder


def listed(folder: Path) -> Outcome:
    return read_outcome(folder, read_header(folder))


def append(path: Path, record: dict) -> None:
    with path.open("a") as file:
        file.write(json.dumps(record, separators=(",", ":")) + "\n")


def test_a_run_that_ends_writes_its_outcome(tmp_path):
    folder = tmp_path / "run"
    with ExitStack() as stack:
        writer = RecordWriter(folder, HEADER, stack)
        writer.losses(1, [2.0, 1.5])
        writer.command(FREEZE)
        writer.losses(3, [float("nan")])
        writer.metrics(3, {"accuracy": 0.5})
    outcome = read_summary(folder, HEADER)
    assert outcome == Outcome(3, 100, None, 0.5, "unfinished")
    assert outcome == outcome_of_tails(folder, SCENARIO)


def test_an_interrupted_run_writes_its_outcome(tmp_path):
    with pytest.raises(KeyboardInterrupt), ExitStack() as stack:
        RecordWriter(tmp_path / "run", HEADER, stack).losses(1, [2.0])
        raise KeyboardInterrupt
    assert read_summary(tmp_path / "run", HEADER) == Outcome(1, 100, 2.0)


def test_a_run_that_never_began_leaves_no_summary(tmp_path):
    with pytest.raises(KeyboardInterrupt), ExitStack() as stack:
        RecordWriter(tmp_path / "run", HEADER, stack)
        raise KeyboardInterrupt
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_writes_its_summary_again(tmp_path):
    for first in (1, 2):
        with ExitStack() as stack:
            writer = RecordWriter(tmp_path / "run", HEADER, stack, resume=first > 1)
            writer.losses(first, [2.0 / first])
    assert read_summary(tmp_path / "run", HEADER) == Outcome(2, 100, 1.0)


def test_a_summary_is_read_instead_of_the_files(ended):
    assert listed(ended).accuracy == 0.125


def test_a_record_without_a_summary_is_searched(ended):
    (ended / SUMMARY).unlink()
    assert listed(ended) == Outcome(100, 100, 0.1821, 0.9, "finished")


@pytest.mark.parametrize(
    ("name", "record"),
    [
        (METRICS, losses(101, 120)),
        (METRICS, accuracy(100, 0.7)),
        (JOURNAL, command(100, "stop")),
    ],
)
def test_a_summary_of_an_earlier_end_is_ignored(ended, name, record):
    append(ended / name, record)
    assert listed(ended) == outcome_of_tails(ended, SCENARIO)


@pytest.mark.parametrize("name", [JOURNAL, METRICS])
def test_a_file_of_the_same_size_with_another_end_is_detected(ended, name):
    content = (ended / name).read_bytes()
    at = content.rindex(b"0.9") if name == METRICS else content.rindex(b"60")
    (ended / name).write_bytes(content[:at] + b"0.8"[: 3 - (name == JOURNAL)] + content[at + 3 :])
    (ended / name).write_bytes((ended / name).read_bytes().ljust(len(content), b"\n"))
    assert len((ended / name).read_bytes()) == len(content)
    assert read_summary(ended, read_header(ended)) is None


def test_the_summary_of_another_run_is_ignored(ended, tmp_path):
    other = flown(tmp_path / "other", raised=0.3)
    shutil.copy(ended / SUMMARY, other / SUMMARY)
    assert listed(other).accuracy == 0.87


def test_the_summary_of_another_scenario_is_ignored(ended, tmp_path):
    other = flown(tmp_path / "other", name="other")
    shutil.copy(ended / SUMMARY, other / SUMMARY)
    assert listed(other).accuracy == 0.9


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-20],
        lambda text: "",
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: text.replace('"schema": 1', '"schema": 2'),
        lambda text: text.replace('"step": 100', '"step": -1'),
        lambda text: text.replace('"step": 100', f'"step": {"9" * 5000}'),
        lambda text: text.replace('"step": 100', '"step": "many"'),
        lambda text: text.replace('"finished"', '"going"'),
    ],
)
def test_a_damaged_summary_is_ignored(ended, change):
    (ended / SUMMARY).write_text(change((ended / SUMMARY).read_text()))
    assert listed(ended).accuracy == 0.9


def test_a_full_disk_does_not_end_the_run(tmp_path, monkeypatch):
    def full(*_, **__) -> None:
        raise OSError(28, "No space left on device")

    with ExitStack() as stack:
        RecordWriter(tmp_path / "run", HEADER, stack).losses(1, [2.0])
        monkeypatch.setattr("tuitrain.records.summary.write_atomic", full)
    assert not (tmp_path / "run" / SUMMARY).exists()


TO_THE_END = [losses(1, 100), accuracy(50, 0.6), accuracy(100, 0.9)]


@pytest.mark.parametrize(
    ("journal", "metrics", "outcome"),
    [
        # At its end the run went back, and was stopped there: it is not finished.
        (
            [command(100, "rewind 50"), command(50, "stop")],
            TO_THE_END,
            Outcome(50, 100, loss_at(50), 0.6, "stopped"),
        ),
        # It was left there.
        ([command(100, "rewind 50")], TO_THE_END, Outcome(50, 100, loss_at(50), 0.6)),
        # It went back, took ten steps, returned to the first branch, and was stopped there.
        (
            [command(80, "rewind 50"), command(60, "branch main"), command(80, "stop")],
            [losses(1, 80), losses(51, 60, 0.5)],
            Outcome(80, 100, loss_at(80), None, "stopped"),
        ),
        # It went back, and trained to its end.
        (
            [command(80, "rewind 50")],
            [losses(1, 80), losses(51, 100, 0.5)],
            Outcome(100, 100, loss_at(100, 0.5), None, "finished"),
        ),
        # An undo has trained the last steps again, without their losses.
        (
            [command(40, "lr fc 0.5"), command(80, "undo"), command(80, "stop")],
            [losses(1, 80)],
            Outcome(80, 100, None, None, "stopped"),
        ),
    ],
)
def test_the_outcome_is_that_of_the_branch_where_the_run_ended(tmp_path, journal, metrics, outcome):
    folder = left_behind(tmp_path / "run", journal, metrics)
    assert outcome_of_tails(folder, SCENARIO) == outcome


def test_a_history_that_cannot_be_read_leaves_the_ends_of_the_files(tmp_path):
    journal = [command(30, "branch nowhere")]
    folder = left_behind(tmp_path / "run", journal, [losses(1, 40)])
    assert outcome_of_tails(folder, SCENARIO) == Outcome(40, 100, loss_at(40))
