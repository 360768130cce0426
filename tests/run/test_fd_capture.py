"""Output of C code and child processes is captured too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tuitrain.run.logs.fd_capture import capture_descriptors
from tuitrain.run.logs.log_capture import LogCapture


def test_output_of_c_code_and_child_processes_is_captured(capfd):
    log = LogCapture()
    before = sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr
    with capture_descriptors(log):
        os.write(1, b"from C\nhalf a line")
        os.write(2, b"an error\n")
        subprocess.run(["echo", "from a child"], check=True)
        assert sys.__stdout__ is not None
        print("the screen", file=sys.__stdout__, flush=True)
    lines = {(line.level, line.text) for line in log.snapshot().lines}
    assert lines == {("out", "from C"), ("out", "half a linefrom a child"), ("err", "an error")}
    assert (sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr) == before
    os.write(1, b"seen\n")
    assert capfd.readouterr() == ("the screen\nseen\n", "")


def test_an_error_restores_the_terminal(capfd):
    with pytest.raises(KeyboardInterrupt), capture_descriptors(LogCapture()):
        raise KeyboardInterrupt
    os.write(2, b"what was wrong\n")
    print("seen")
    assert capfd.readouterr() == ("seen\n", "what was wrong\n")


def test_input_is_at_its_end_and_says_why():
    before = sys.stdin, sys.__stdin__
    with capture_descriptors(LogCapture()):
        with pytest.raises(EOFError, match="the keyboard belongs to the screen"):
            input("name? ")
        assert sys.stdin.read() == ""
        assert os.read(0, 1) == b""
        assert subprocess.run(["cat"], capture_output=True, check=True).stdout == b""
        assert sys.__stdin__ is not None
        assert sys.__stdin__.fileno() > 2  # the screen reads from it
    assert (sys.stdin, sys.__stdin__) == before
