"""Logs of live runs: the same rows as an export of the record, and never in the way of the run."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.scenario.small import head
from tests.tracking.collecting import entry, lines
from tuitrain.cli import main
from tuitrain.errors import RefusedError, ScenarioError
from tuitrain.records.record_reader import Header, read_groups
from tuitrain.run.checkpoint_policy import next_group_sample
from tuitrain.scenario.load import loads
from tuitrain.script.arguments import log_folders
from tuitrain.tracking import live
from tuitrain.tracking.export import export_run
from tuitrain.tracking.live import LiveLogs

TEXT = f"""{head(12)}\
[[at]]
epoch = 1
do = ["lr head 0.2", "checkpoint one"]
[[at]]
step = 20
do = "rewind 10"
[[at]]
step = 40
do = ["lr head 0.3", "undo"]
[[at]]
step = 50
do = "branch main"
"""

LOG = "[log]\ncsv = true\njsonl = true\n"


def recorded(folder: Path, log: str = LOG, text: str = TEXT) -> Path:
    """Run a scenario with logs; return the folder of its record."""
    folder.mkdir()
    (folder / "small.toml").write_text(text + log)
    out = folder / "run"
    assert main(["run", "--headless", str(folder / "small.toml"), "--out", str(out)]) == 0
    return out


def exported(run: Path, name: str) -> list[str]:
    """Return the lines of an export of a record, sorted."""
    target = run.parent / f"exported.{name}"
    target.unlink(missing_ok=True)
    export_run(run, {name: target})
    return sorted(lines(target))


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_a_live_log_has_the_rows_of_an_export(name, tmp_path):
    run = recorded(tmp_path / "a")
    written = sorted(lines(run / f"log.{name}"))
    assert len(written) > 300
    assert written == exported(run, name)


def test_groups_are_sampled_more_often_for_a_log(tmp_path):
    with_log, without = recorded(tmp_path / "a"), recorded(tmp_path / "b", "")
    sampled = {line.step for line in read_groups(with_log)}
    assert sampled >= {*range(1, 81)}
    assert len(read_groups(without)) < len(sampled) / 2


def test_a_log_leaves_the_run_as_it_is(tmp_path):
    with_log, without = recorded(tmp_path / "a"), recorded(tmp_path / "b", "")
    journals = [(run / "journal.jsonl").read_text() for run in (with_log, without)]
    assert journals[0] == journals[1]
    values = [
        [
            value
            for line in lines(run / "metrics.jsonl")
            for value in json.loads(line).get("loss", ())
        ]
        for run in (with_log, without)
    ]
    assert values[0] == values[1]


def test_samples_are_dense_at_first_and_sparse_later():
    step, samples = 0, 0
    while step < 1_000_000:
        step, samples = next_group_sample(step), samples + 1
    assert 900 < samples < 1_800
    assert [next_group_sample(at) for at in (0, 1, 127, 128, 129, 255, 256)] == [
        *(1, 2, 128, 130, 130, 256, 260)
    ]


def test_a_log_may_have_a_folder_of_its_own(tmp_path):
    run = recorded(tmp_path / "a", f'[log]\ncsv = "{tmp_path}/logs"\n')
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["run.csv"]
    assert not (run / "log.csv").exists()


def test_a_run_without_a_record_has_no_log(tmp_path, monkeypatch):
    (tmp_path / "small.toml").write_text(TEXT + LOG)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--headless", "small.toml"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_the_log_of_a_resumed_run_is_whole(tmp_path):
    run = recorded(tmp_path / "a")
    whole = sorted(lines(run / "log.csv"))
    journal, metrics = lines(run / "journal.jsonl"), lines(run / "metrics.jsonl")[:40]
    known = next(number for number, line in enumerate(journal) if "lr head 0.3" in line)
    for name, kept in (("journal.jsonl", journal[:known]), ("metrics.jsonl", metrics)):
        (run / name).write_text("".join(f"{line}\n" for line in kept))
    (run / "groups.jsonl").write_text("")
    assert main(["resume", str(run)]) == 0
    written = sorted(lines(run / "log.csv"))
    assert written == exported(run, "csv")
    assert [line for line in written if ",loss," in line] == [
        line for line in whole if ",loss," in line
    ]


def test_a_place_may_begin_with_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    run = recorded(tmp_path / "a", '[log]\ncsv = "~/logs"\n')
    assert sorted(lines(tmp_path / "home" / "logs" / "run.csv")) == exported(run, "csv")


def test_a_log_that_cannot_be_written_is_one_warning(tmp_path, caplog):
    (tmp_path / "logs").write_text("a file in the way")
    run = recorded(tmp_path / "a", f'[log]\ncsv = "{tmp_path}/logs"\njsonl = true\n')
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.startswith(f"the log csv in {tmp_path}/logs/run.csv ends here: ")
    assert sorted(lines(run / "log.jsonl")) == exported(run, "jsonl")


def header() -> Header:
    return Header(1, {"name": "small"}, {})


class Logs:
    """Live logs in a folder, and the warnings about them."""

    def __init__(self, folder: Path) -> None:
        self.warnings: list[str] = []
        self.file = folder / "log.csv"
        self.logs = LiveLogs({"csv": self.file}, folder, header(), warn=self.warnings.append)


def test_a_full_disk_ends_the_log_with_one_warning(tmp_path):
    run = Logs(tmp_path)
    run.file.symlink_to("/dev/full")
    for step in range(1, 100_000, 1000):
        run.logs.losses(step, [1.0] * 1000)
    run.logs.close()
    (warning,) = run.warnings
    assert "No space left on device" in warning


def test_a_run_that_is_faster_than_its_log_ends_the_log(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "MAX_WAITING", 100)
    opened = threading.Event()
    run = Logs(tmp_path)
    os.mkfifo(run.file)  # it opens when it is read
    run.logs.losses(1, [1.0] * 60)
    run.logs.losses(61, [1.0] * 60)
    run.logs.losses(121, [1.0] * 60)
    assert run.warnings == ["the logs of the run end here: they are written slower than it trains"]
    reader = threading.Thread(target=lambda: (run.file.read_bytes(), opened.set()))
    reader.start()
    reader.join(30)
    assert opened.is_set()


def test_a_run_that_takes_no_step_makes_no_log(tmp_path):
    run = Logs(tmp_path)
    run.logs.close()
    assert not run.file.exists()


def test_a_forked_child_writes_nothing(tmp_path):
    run = Logs(tmp_path)
    run.logs.losses(1, [1.0])

    def write_more() -> None:
        run.logs.losses(2, [2.0])
        run.logs.close()

    child = multiprocessing.get_context("fork").Process(target=write_more)
    child.start()
    child.join(30)
    assert child.exitcode == 0
    run.logs.command(entry(1, "freeze fc"))
    run.logs.close()
    assert len(lines(run.file)) == 4  # a header, a loss, and a command of two lines


def test_logs_are_closed_with_the_files_of_the_run(tmp_path):
    with ExitStack() as files:
        logs = live.start_logs(tmp_path, header(), files, {"csv": True, "jsonl": False})
        logs.losses(1, [1.0])
    assert lines(tmp_path / "log.csv") == ["branch,step,name,group,value,text", "main,1,loss,,1.0,"]
    assert not (tmp_path / "log.jsonl").exists()


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        ("[log]\ntensorbord = true\n", r"log\.tensorbord: no such key, did you mean 'tensorboard'"),
        ("[log]\ncsv = 3\n", r"log\.csv: "),
        ('[log]\ncsv = ""\n', r"log\.csv: takes a folder"),
    ],
)
def test_a_log_that_cannot_be_is_refused_with_its_key(log, problem):
    with pytest.raises(ScenarioError, match=problem):
        loads(TEXT + log, "small.toml")


def test_a_log_without_its_library_is_refused_before_the_first_step(tmp_path, monkeypatch, capsys):
    for name in ("tensorboard", "tensorboard.compat.proto.event_pb2"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "small.toml").write_text(TEXT + "[log]\ntensorboard = true\n")
    out = tmp_path / "run"
    assert main(["run", "--headless", str(tmp_path / "small.toml"), "--out", str(out)]) == 2
    assert "pip install 'tuitrain[tensorboard]'" in capsys.readouterr().err
    assert not out.exists()


def test_watch_takes_formats_or_a_folder_for_each(tmp_path):
    assert log_folders("csv") == {"csv": True}
    assert log_folders(["csv", "jsonl"]) == {"csv": True, "jsonl": True}
    assert log_folders({"csv": tmp_path, "jsonl": False}) == {"csv": str(tmp_path), "jsonl": False}
    with pytest.raises(RefusedError, match="did you mean 'csv'"):
        log_folders(["cvs"])
    with pytest.raises(RefusedError, match="takes a folder"):
        log_folders({"csv": 3})
