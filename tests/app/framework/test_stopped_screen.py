"""A screen that is stopped from outside, in a terminal of its own, is painted again."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SCRIPT = """
import os
os.close(os.open(os.ttyname(0), os.O_RDWR))  # the terminal of this session
from textual.widgets import Static
from tuitrain.app.framework.textual_fixes import FixedApp

class Painted(FixedApp[None]):
    BINDINGS = [("ctrl+l", "redraw"), ("q", "quit")]

    def compose(self):
        yield Static("painted")

    def action_redraw(self):
        self.bell()  # shows where the next painting begins
        self.refresh(layout=True)

Painted().run()
"""

SECONDS = 120.0


@contextmanager
def process_on_terminal() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the script on a terminal; return it, and what reads and types there."""
    outside, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(inside)
    try:
        yield process, outside
    finally:
        process.kill()
        process.wait()
        os.close(outside)


def read_until(terminal: int, pattern: str) -> None:
    """Read what the process writes until it matches a pattern."""
    written, end = b"", time.monotonic() + SECONDS
    while not re.search(pattern.encode(), written, re.DOTALL):
        assert time.monotonic() < end, written[-500:]
        if select.select([terminal], [], [], 1.0)[0]:
            written += os.read(terminal, 65536)


def test_a_screen_is_painted_after_a_stop_from_outside_and_by_ctrl_l() -> None:
    with process_on_terminal() as (process, terminal):
        read_until(terminal, "painted")
        os.write(terminal, b"\x0c")
        read_until(terminal, "\a.*painted")
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        process.send_signal(signal.SIGCONT)
        read_until(terminal, "\x1b\\[\\?1049h.*painted")
        os.write(terminal, b"q")
        read_until(terminal, "\x1b\\[\\?1049l")
        assert process.wait(SECONDS) == 0
