"""What is written past Python is taken from the terminal as well."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tuitrain.run.logs.fd_capture import capture_descriptors
from tuitrain.run.logs.log_capture import LogCapture


def test_what_c_code_and_child_processes_write_are_lines(capfd):
    output = LogCapture()
    before = sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr
    with capture_descriptors(output):
        os.write(1, b"from C\nhalf a line")
        os.write(2, b"an error\n")
        subprocess.run(["echo", "from a child"], check=True)
        assert sys.__stdout__ is not None
        print("the screen", file=sys.__stdout__, flush=True)
    said = {(line.level, line.text) for line in output.snapshot().lines}
    assert said == {("out", "from C"), ("out", "half a linefrom a child"), ("err", "an error")}
    assert (sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr) == before
    os.write(1, b"seen\n")
    assert capfd.readouterr() == ("the screen\nseen\n", "")


def test_after_an_error_the_terminal_is_there_again_to_tell_it(capfd):
    with pytest.raises(KeyboardInterrupt), capture_descriptors(LogCapture()):
        raise KeyboardInterrupt
    os.write(2, b"what was wrong\n")
    print("seen")
    assert capfd.readouterr() == ("seen\n", "what was wrong\n")
