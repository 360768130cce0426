"""A program in a terminal of its own: a real pty, whose output is read as it comes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from .peer_server import peak_bytes

_CONTROL = re.compile(
    r"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]|\x1b\][^\x07\x1b]*\x07?"
)

_IN_COMMAND = (
    "import fcntl, os, sys, termios; "
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal the one that commands the program, so that it ends when we are killed; some
10 ms. (What is run between fork and exec is no place for that: there are threads here.)"""

MOST_KEPT = 1 << 18
"""Bytes of output that are kept to look for something in; a whole screen has some 20 000."""


class Terminal:
    """Runs a command in a terminal.

    Parameters
    ----------
    command : the program, as a path, and its arguments
    variables : its environment
    columns, lines : the terminal's size
    """

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        columns: int = 120,
        lines: int = 36,
    ) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {
            name: value for name, value in variables.items() if name not in ("COLUMNS", "LINES")
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _IN_COMMAND, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(theirs)
        self._came = threading.Condition()
        self._output = b""
        self._ended = False
        self._drain = threading.Thread(target=self._read, daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """The program's process."""
        return self._process.pid

    @property
    def peak_bytes(self) -> int:
        """The most memory that the program has held so far."""
        return peak_bytes(str(self.pid))

    def press(self, keys: str) -> None:
        """Write keys, as a keyboard would send them; what was written before them is forgotten."""
        with self._came:
            self._output = b""
        os.write(self._ours, keys.encode())

    def wait_for(self, pattern: str, seconds: float) -> float:
        """Wait until a pattern is in the text that was written since the last key.

        Returns
        -------
        When it was there, as `time.perf_counter` tells it.

        Raises
        ------
        TimeoutError : it did not come in time, or the program has ended; the message has the last
            words
        """
        wanted = re.compile(pattern)
        until = time.monotonic() + seconds
        with self._came:
            while not wanted.search(text := plain(self._output)):
                left = until - time.monotonic()
                if left <= 0 or self._ended:
                    how = "the program ended" if self._ended else f"{seconds:g} s passed"
                    words = " ".join(text.split())[-200:]
                    raise TimeoutError(f"{how} before {pattern!r} was shown: ...{words}")
                self._came.wait(left)
            return time.perf_counter()

    def wait(self, seconds: float) -> None:
        """Wait until the program has ended by itself.

        Raises
        ------
        TimeoutError : it did not in time
        """
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the program did not end within {seconds:g} s") from None

    def close(self) -> None:
        """End the program, if it is still there, and the terminal."""
        self._process.kill()
        self._process.wait()
        self._drain.join()
        os.close(self._ours)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        part = b" "
        while part:
            part = b""
            with suppress(OSError):  # the other side has gone
                part = os.read(self._ours, 65536)
            with self._came:
                self._output = (self._output + part)[-MOST_KEPT:]
                self._ended = not part
                self._came.notify_all()


def plain(output: bytes) -> str:
    """Return what a terminal would show, one thing after another, without colours and places."""
    return _CONTROL.sub("", output.decode("utf-8", errors="replace"))
