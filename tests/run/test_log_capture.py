"""Output of the training code is captured with its step, and written to a file."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import warnings

import pytest

from tuitrain.run.logs.fd_capture import capture_descriptors
from tuitrain.run.logs.log_capture import LogCapture, LogHandler, LogLine


@pytest.fixture
def log():
    log = LogCapture()
    log.get_step = lambda: 7
    return log


def test_prints_logs_and_warnings_are_lines_with_step_and_level(log, capfd):
    with log.capture():
        print("hello", "world")
        print("to err", file=sys.stderr)
        logging.getLogger("mine").warning("loss is %s", 3)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = log.show_warning
            warnings.warn("careful", UserWarning, stacklevel=1)
    lines = log.snapshot().lines
    assert lines[:3] == (
        LogLine(7, "out", "hello world"),
        LogLine(7, "err", "to err"),
        LogLine(7, "warning", "mine: loss is 3"),
    )
    assert lines[3].level == "warning"
    assert lines[3].text.startswith("UserWarning: careful (")
    assert capfd.readouterr() == ("", "")


def test_streams_and_handlers_are_restored(log, capsys):
    before = sys.stdout, sys.stderr, warnings.showwarning, list(logging.getLogger().handlers)
    with log.capture():
        assert sys.stdout is not before[0]
    after = sys.stdout, sys.stderr, warnings.showwarning, list(logging.getLogger().handlers)
    assert after == before
    print("seen")
    assert capsys.readouterr().out == "seen\n"


def test_printed_text_passes_through_after_a_release(log, capsys):
    with log.capture():
        log.release()
        print("a traceback")
    assert capsys.readouterr().out == "a traceback\n"
    assert log.snapshot().total == 0


def test_a_handler_that_keeps_a_stream_writes_after_the_capture(capfd):
    log = LogCapture()
    with capture_descriptors(log), log.capture():
        handler = logging.StreamHandler()
        log.release()
    handler.emit(logging.makeLogRecord({"msg": "after"}))
    assert capfd.readouterr().err == "after\n"


def test_threads_do_not_cut_into_each_others_lines(log):
    with log.capture():
        sys.stdout.write("main ")
        other = threading.Thread(target=lambda: print("other"))
        other.start()
        other.join()
        print("continues")
    assert [line.text for line in log.snapshot().lines] == ["other", "main continues"]


def test_carriage_returns_end_lines_and_long_lines_are_cut(log):
    with log.capture():
        sys.stdout.write("10 %\r20 %\r")
        sys.stdout.write("x" * 5000)
        print()
    texts = [line.text for line in log.snapshot().lines]
    assert texts[:2] == ["10 %", "20 %"]
    assert [len(text) for text in texts[2:]] == [2000, 2000, 1000]


def test_memory_is_bounded_and_the_file_has_everything(tmp_path):
    log = LogCapture(max_lines=3)
    log.add("out", "before the folder was there")
    log.write_to(tmp_path / "output.log")
    for number in range(5):
        log.add("out", str(number))
    captured = log.snapshot()
    assert [line.text for line in captured.lines] == ["2", "3", "4"]
    assert (captured.total, captured.file) == (6, str(tmp_path / "output.log"))
    log.close()
    text = (tmp_path / "output.log").read_text()
    assert text.splitlines() == [
        "0\tout\tbefore the folder was there",
        *(f"0\tout\t{number}" for number in range(5)),
    ]


def test_a_file_that_cannot_be_opened_is_reported_and_lines_are_captured(tmp_path):
    log = LogCapture()
    log.write_to(tmp_path / "nowhere" / "output.log")
    log.add("out", "still here")
    captured = log.snapshot()
    assert "output.log: No such file" in captured.problem
    assert captured.lines[-1].text == "still here"


def test_a_full_disk_is_reported_once_and_lines_are_captured(tmp_path):
    (tmp_path / "output.log").symlink_to("/dev/full")
    log = LogCapture()
    log.write_to(tmp_path / "output.log")
    for number in range(3):
        log.add("out", str(number))
    assert log.snapshot().problem == f"{tmp_path / 'output.log'}: No space left on device"
    log.close()
    del log
    gc.collect()  # an open file would try to write once more, and warn


def test_the_snapshot_is_the_same_value_until_a_line_is_added(log):
    log.add("out", "one")
    assert log.snapshot() is log.snapshot()


def test_a_log_record_whose_arguments_do_not_fit_is_captured(log):
    record = logging.makeLogRecord({"name": "mine", "msg": "%d steps", "args": ("many",)})
    LogHandler(log).emit(record)
    assert log.snapshot().lines[0].text.startswith("mine: '%d steps' (")
