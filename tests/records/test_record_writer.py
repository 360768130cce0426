"""The run folder: who may write it, what is left of a run that never began, and what is no run."""

import io
from contextlib import ExitStack
from pathlib import Path

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
from tuitrain.run.snapshot import JournalEntry

MINE = Header(1, {"name": "test"}, {"numpy": "2"})
ENTRY = JournalEntry(0, 0, "lr fc 0", "key", "applied", "")


def test_a_record_is_written_by_one_at_a_time(tmp_path):
    with ExitStack() as files, ExitStack() as others:
        RecordWriter(tmp_path / "run", MINE, files).command(ENTRY)
        with pytest.raises(TuitrainError, match="is being written by a run"):
            RecordWriter(tmp_path / "run", MINE, others, resume=True)
    assert len(read_journal(tmp_path / "run")) == 1


def test_whoever_is_refused_leaves_the_line_alone_that_is_being_written(tmp_path):
    with ExitStack() as files, ExitStack() as others:
        RecordWriter(tmp_path / "run", MINE, files)
        (tmp_path / "run" / JOURNAL).write_bytes(b'{"event":"dig')
        with pytest.raises(TuitrainError):
            RecordWriter(tmp_path / "run", MINE, others, resume=True)
        assert (tmp_path / "run" / JOURNAL).read_bytes() == b'{"event":"dig'


def test_of_two_that_begin_at_once_one_is_refused(tmp_path, monkeypatch):
    with ExitStack() as files, ExitStack() as others:

        def somebody_else_was_faster(*_) -> None:
            monkeypatch.undo()
            (tmp_path / "run" / HEADER).write_text("theirs")

        monkeypatch.setattr(LineFile, "lock", somebody_else_was_faster)
        with pytest.raises(TuitrainError, match="holds a run already"):
            RecordWriter(tmp_path / "run", MINE, others)
        assert (tmp_path / "run" / HEADER).read_text() == "theirs"
        del files


def test_after_it_has_ended_somebody_may_go_on(tmp_path):
    for again in (False, True):
        with ExitStack() as files:
            RecordWriter(tmp_path / "run", MINE, files, again).command(ENTRY)
    assert len(read_journal(tmp_path / "run")) == 2


@pytest.mark.parametrize("error", [TuitrainError("no such model"), KeyboardInterrupt()])
@pytest.mark.parametrize("own", [False, True], ids=["made", "there before"])
def test_a_run_that_never_began_leaves_nothing(tmp_path, error, own):
    if own:
        (tmp_path / "run").mkdir()
    with pytest.raises(type(error)), ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files)
        raise error
    assert (tmp_path / "run").exists() is own
    assert not list(tmp_path.glob("run/*"))


def test_what_is_somebody_elses_stays(tmp_path):
    with pytest.raises(KeyboardInterrupt), ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files)
        (tmp_path / "run" / "notes.txt").write_text("mine")
        raise KeyboardInterrupt
    assert [item.name for item in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_a_run_that_has_begun_leaves_its_record(tmp_path):
    with pytest.raises(KeyboardInterrupt), ExitStack() as files:
        RecordWriter(tmp_path / "run", MINE, files).command(ENTRY)
        raise KeyboardInterrupt
    assert len(read_journal(tmp_path / "run")) == 1


def test_a_header_of_a_newer_version_is_told_with_its_schema(tmp_path):
    (tmp_path / HEADER).write_text('{"schema": 2, "scenario": "in another file"}')
    with pytest.raises(TuitrainError, match="has schema 2; this version reads 1"):
        read_header(tmp_path)


def test_a_file_is_no_folder_of_a_run(tmp_path):
    (tmp_path / "x.toml").write_text("")
    with pytest.raises(TuitrainError, match=r"x\.toml is a file, and not the folder of a run"):
        read_header(tmp_path / "x.toml")


def test_after_a_line_of_which_only_a_part_was_written_there_is_none(tmp_path, monkeypatch):
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
        recorder.accuracy(7, 0.5)
        assert recorder.problem == "the record ends here: No space left on device"
        monkeypatch.undo()
        recorder.accuracy(14, 0.6)  # there may be room again
    assert len(written) == 1
    assert (tmp_path / "run" / METRICS).read_bytes() == b'{"eve'


def test_a_line_that_the_disk_takes_in_part_is_an_error(tmp_path, monkeypatch):
    class NearlyFull(io.RawIOBase):
        def write(self, line) -> int:
            return 5

    monkeypatch.setattr(Path, "open", lambda *_, **__: NearlyFull())
    with pytest.raises(OSError, match="No space left on device"), LineFile(tmp_path / "x") as file:
        file.append(b"a line\n")
