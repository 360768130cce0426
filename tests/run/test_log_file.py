"""The captured output of a recorded run is read back, whatever its file holds."""

import pytest

from tests import hostile
from tuitrain.run.logs import log_file
from tuitrain.run.logs.log_capture import LogCapture, LogLine
from tuitrain.run.logs.log_file import read_log


def test_what_was_captured_is_read(tmp_path):
    captured = LogCapture()
    captured.write_to(tmp_path / "output.log")
    captured.get_step = lambda: 7
    captured.add("warning", "a\tb\nsecond line")
    captured.close()
    shown = read_log(tmp_path / "output.log")
    assert shown.lines == (LogLine(7, "warning", "a\tb"), LogLine(7, "warning", "second line"))
    assert (shown.total, shown.file, shown.problem) == (2, str(tmp_path / "output.log"), "")


def test_a_run_without_output_has_no_lines(tmp_path):
    assert read_log(tmp_path / "output.log").lines == ()
    assert "Is a directory" in read_log(tmp_path).problem


@pytest.mark.parametrize(
    "text", [*hostile.TEXTS, "x\ty", "x\ty\tz", "-1\tout\tx", "9" * 400 + "\ta\tb"]
)
def test_other_lines_are_shown_as_they_are(tmp_path, text):
    path = tmp_path / "output.log"
    line = text.replace("\n", " ")
    path.write_bytes(f"{line}\n1\tout\tlast".encode(errors="surrogateescape"))
    first, last = read_log(path).lines
    assert (first.step, first.level) == (0, "out")
    assert first.text == line.encode(errors="surrogateescape").decode(errors="replace")
    assert last == LogLine(1, "out", "last")


def test_of_a_large_file_the_end_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(log_file, "MAX_BYTES", 100)
    path = tmp_path / "output.log"
    path.write_text("".join(f"{step}\tout\tline {step}\n" for step in range(1000)))
    lines = read_log(path).lines
    assert [line.step for line in lines] == [995, 996, 997, 998, 999]
