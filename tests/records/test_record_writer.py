"""The run folder: its lock, runs that never began, and folders without a run."""

import os
import shutil
from contextlib import ExitStack

import pytest

from tuitrain.errors import TuitrainError
from tuitrain.records.line_file import LineFile
from tuitrain.records.record_reader import (
    HEADER,
    JOURNAL,
    METRICS,
    Header,
    read_header,
    read_journal,
)
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import command_entries
from tuitrain.run.snapshot import JournalEntry

MINE = Header(1, {"name": "test"}, {"numpy": "2"})
ENTRY = JournalEntry(0, 0, "lr fc 0", "key", "applied", "")


def test_a_record_is_written_by_one_at_a_time(tmp_path):
    with ExitStack() as files, ExitStack() as others:
        RecordWriter(tmp_path / "run", MINE, files).command(ENTRY)
        with pytest.raises(TuitrainError, match="is being written by a run"):
            RecordWriter(tmp_path / "run", MINE, others, resume=True)
    assert len(read_journal(tmp_path / "run")) == 1


def test_a_refused_writer_keeps_the_line_being_written(tmp_path):
    with ExitStack() as files, ExitStack() as others:
        RecordWriter(tmp_path / "run", MINE, files)
        (tmp_path / "run" / JOURNAL).write_bytes(b'{"event":"dig')
        with pytest.raises(TuitrainError):
            RecordWriter(tmp_path / "run", MINE, others, resume=True)
        assert (tmp_path / "run" / JOURNAL).read_bytes() == b'{"event":"dig'


def test_one_of_two_simultaneous_writers_is_refused(tmp_path, monkeypatch):
    with ExitStack() as files, ExitStack() as others:

        def somebody_else_was_faster(*_) -> None:
            monkeypatch.undo()
            (tmp_path / "run" / HEADER).write_text("theirs")

        monkeypatch.setattr(LineFile, "lock", somebody_else_was_faster)
        with pytest.raises(TuitrainError, match="holds a run already"):
            RecordWriter(tmp_path / "run", MINE, others)
        assert (tmp_path / "run" / HEADER).read_text() == "theirs"
        del files


def test_another_process_may_continue_an_ended_record(tmp_path):
    for again in (False, True):
        with ExitStack() as files:
            RecordWriter(tmp_path / "run", MINE, files, again).command(ENTRY)
    assert len(read_journal(tmp_path / "run")) == 2


@pytest.mark.parametrize("error", [TuitrainError("no such model"), KeyboardInterrupt()])
@pytest.mark.parametrize("own", [False, True], ids=["made", "there before"])
def test_a_run_that_never_began_leaves_no_folder(tmp_path, error, own):
    if own:
        (tmp_path / "run").mkdir()
    with pytest.raises(type(error)), ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files)
        raise error
    assert (tmp_path / "run").exists() is own
    assert not list(tmp_path.glob("run/*"))


def test_a_failed_start_keeps_other_files(tmp_path):
    with pytest.raises(KeyboardInterrupt), ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files)
        (tmp_path / "run" / "notes.txt").write_text("mine")
        raise KeyboardInterrupt
    assert [item.name for item in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_a_run_that_began_leaves_its_record(tmp_path):
    with pytest.raises(KeyboardInterrupt), ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files).command(ENTRY)
        raise KeyboardInterrupt
    assert len(read_journal(tmp_path / "run")) == 1


def test_a_newer_header_is_an_error_with_its_schema(tmp_path):
    (tmp_path / HEADER).write_text('{"schema": 2, "scenario": "in another file"}')
    with pytest.raises(TuitrainError, match="has schema 2; this version reads 1"):
        read_header(tmp_path)


def test_a_file_is_not_a_run_folder(tmp_path):
    (tmp_path / "x.toml").write_text("")
    with pytest.raises(TuitrainError, match=r"x\.toml is a file, not the folder of a run"):
        read_header(tmp_path / "x.toml")


def test_nothing_is_written_after_an_incomplete_line(tmp_path, monkeypatch):
    """The disk has room for five bytes of the line, and for all of the next one."""
    written: list[bytes] = []
    append = LineFile.append

    def nearly_full(file: LineFile, line: bytes) -> None:
        written.append(line[:5])
        append(file, line[:5])
        raise OSError(28, "No space left on device")

    with ExitStack() as stack:
        recorder = RecordWriter(tmp_path / "run", MINE, stack)
        monkeypatch.setattr(LineFile, "append", nearly_full)
        recorder.metrics(7, {"accuracy": 0.5})
        assert recorder.problem == "the record ends here: No space left on device"
        monkeypatch.undo()
        recorder.metrics(14, {"accuracy": 0.6})  # there may be room again
    assert len(written) == 1
    assert (tmp_path / "run" / METRICS).read_bytes() == b'{"eve'


def test_a_partly_written_line_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda *_: 5)
    with pytest.raises(OSError, match="No space left on device"), LineFile(tmp_path / "x") as file:
        file.append(b"a line\n")


@pytest.mark.parametrize("why", ["", "plateau – since 3 000"])
def test_the_author_and_the_reason_of_a_command_are_kept(tmp_path, why):
    entry = JournalEntry(0, 0, "lr fc 0", "key@laptop", "applied", "", why)
    with ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files).command(entry)
    assert (b'"why"' in (tmp_path / "run" / JOURNAL).read_bytes()) is bool(why)
    assert [*command_entries(read_journal(tmp_path / "run"))] == [entry]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"key"', '"keys"', "line 1: actor 'keys': 'keys' is not known"),
        ('"key"', '"breakpoint@x"', "line 1: actor 'breakpoint@x'"),
        ('"message":""', '"why":"a\\nb"', "line 1: the reason is one line"),
    ],
)
def test_a_bad_author_or_reason_is_one_clear_error(tmp_path, old, new, message):
    with ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files).command(ENTRY)
    path = tmp_path / "run" / JOURNAL
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(TuitrainError, match=message):
        read_journal(tmp_path / "run")


def test_the_ids_of_viewers_are_kept_and_lines_without_one_are_read(tmp_path):
    local = JournalEntry(7, 0, "lr fc 0", "key", "applied", "")
    outside = JournalEntry(2**62, 0, "lr fc 0.1", "ctl", "applied", "")
    with ExitStack() as files:
        writer = RecordWriter(tmp_path / "run", MINE, files)
        writer.command(local)
        writer.command(outside)
    assert '"id"' not in (tmp_path / "run" / JOURNAL).read_text().splitlines()[0]
    entries = list(command_entries(read_journal(tmp_path / "run")))
    assert [entry.ticket for entry in entries] == [0, 2**62]


def test_a_record_that_was_removed_is_a_problem(tmp_path):
    with ExitStack() as stack:
        recorder = RecordWriter(tmp_path / "run", MINE, stack)
        recorder.losses(1, [0.5])
        assert recorder.problem == ""
        shutil.rmtree(tmp_path / "run")
        recorder.losses(2, [0.5])
        assert recorder.problem == "the record ends here: metrics.jsonl was removed"


def test_a_file_that_took_the_number_of_a_closed_one_gets_no_lines(tmp_path):
    with (tmp_path / "record").open("w") as record:
        before = record.fileno()
        with LineFile(tmp_path / "x") as file:
            file.append(b"a line\n")
            os.closerange(before + 1, before + 3)
            with (tmp_path / "own").open("w") as own:
                with pytest.raises(OSError, match="the descriptor of x was closed"):
                    file.append(b"lost\n")
                file.__exit__(None, None, None)
                own.write("kept")
    assert (tmp_path / "own").read_text() == "kept"
    assert (tmp_path / "x").read_text() == "a line\n"


def test_a_record_that_was_moved_is_written_further(tmp_path):
    with ExitStack() as stack:
        recorder = RecordWriter(tmp_path / "run", MINE, stack)
        (tmp_path / "run").rename(tmp_path / "moved")
        recorder.command(ENTRY)
        assert recorder.problem == ""
        assert len(read_journal(tmp_path / "moved")) == 1
