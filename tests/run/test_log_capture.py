"""What the training code says: taken from the terminal, with its step, and written down."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import warnings

import pytest

from tuitrain.run.logs.log_capture import LogCapture, LogHandler, LogLine


@pytest.fixture
def output():
    made = LogCapture()
    made.get_step = lambda: 7
    return made


def test_prints_logs_and_warnings_are_lines_with_step_and_level(output, capfd):
    with output.capture():
        print("hello", "world")
        print("to err", file=sys.stderr)
        logging.getLogger("mine").warning("loss is %s", 3)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = output.show_warning
            warnings.warn("careful", UserWarning, stacklevel=1)
    lines = output.snapshot().lines
    assert lines[:3] == (
        LogLine(7, "out", "hello world"),
        LogLine(7, "err", "to err"),
        LogLine(7, "warning", "mine: loss is 3"),
    )
    assert lines[3].level == "warning"
    assert lines[3].text.startswith("UserWarning: careful (")
    assert capfd.readouterr() == ("", "")


def test_what_was_there_before_is_there_again(output, capsys):
    before = sys.stdout, sys.stderr, warnings.showwarning, list(logging.getLogger().handlers)
    with output.capture():
        assert sys.stdout is not before[0]
    after = sys.stdout, sys.stderr, warnings.showwarning, list(logging.getLogger().handlers)
    assert after == before
    print("seen")
    assert capsys.readouterr().out == "seen\n"


def test_a_released_output_lets_through_what_is_printed(output, capsys):
    with output.capture():
        output.release()
        print("a traceback")
    assert capsys.readouterr().out == "a traceback\n"
    assert output.snapshot().total == 0


def test_threads_do_not_cut_into_each_others_lines(output):
    with output.capture():
        sys.stdout.write("main ")
        other = threading.Thread(target=lambda: print("other"))
        other.start()
        other.join()
        print("goes on")
    assert [line.text for line in output.snapshot().lines] == ["other", "main goes on"]


def test_progress_bars_that_return_are_lines_and_none_grows_without_end(output):
    with output.capture():
        sys.stdout.write("10 %\r20 %\r")
        sys.stdout.write("x" * 5000)
        print()
    texts = [line.text for line in output.snapshot().lines]
    assert texts[:2] == ["10 %", "20 %"]
    assert [len(text) for text in texts[2:]] == [2000, 2000, 1000]


def test_memory_is_bounded_and_the_file_has_everything(tmp_path):
    output = LogCapture(max_lines=3)
    output.add("out", "before the folder was there")
    output.write_to(tmp_path / "output.log")
    for number in range(5):
        output.add("out", str(number))
    said = output.snapshot()
    assert [line.text for line in said.lines] == ["2", "3", "4"]
    assert (said.total, said.file) == (6, str(tmp_path / "output.log"))
    output.close()
    text = (tmp_path / "output.log").read_text()
    assert text.splitlines() == [
        "0\tout\tbefore the folder was there",
        *(f"0\tout\t{number}" for number in range(5)),
    ]


def test_a_file_that_cannot_be_written_is_told_and_lines_go_on(tmp_path):
    output = LogCapture()
    output.write_to(tmp_path / "nowhere" / "output.log")
    output.add("out", "still here")
    said = output.snapshot()
    assert "output.log: No such file" in said.problem
    assert said.lines[-1].text == "still here"


def test_a_disk_that_is_full_for_the_file_is_told_once_and_lines_go_on(tmp_path):
    (tmp_path / "output.log").symlink_to("/dev/full")
    output = LogCapture()
    output.write_to(tmp_path / "output.log")
    for number in range(3):
        output.add("out", str(number))
    assert output.snapshot().problem == f"{tmp_path / 'output.log'}: No space left on device"
    output.close()
    del output
    gc.collect()  # a file that was left open would try to write once more, and complain


def test_the_same_value_is_given_while_nothing_is_said(output):
    output.add("out", "one")
    assert output.snapshot() is output.snapshot()


def test_a_record_whose_arguments_do_not_fit_is_told(output):
    record = logging.makeLogRecord({"name": "mine", "msg": "%d steps", "args": ("many",)})
    LogHandler(output).emit(record)
    assert output.snapshot().lines[0].text.startswith("mine: '%d steps' (")
