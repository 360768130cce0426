"""A program in its own pseudo-terminal, whose output is read by a thread."""

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
"""Make the terminal the program's controlling one, so that it ends when this process is killed.

It takes some 10 ms. A ``preexec_fn`` is no alternative: this process has threads.
"""

MAX_OUTPUT = 1 << 18
"""Bytes of recent output to search; a whole screen has some 20 000."""


class Terminal:
    """A command that runs in a pseudo-terminal.

    Parameters
    ----------
    command : path of the program, and its arguments
    variables : its environment
    columns, lines : size of the terminal
    """

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        columns: int = 120,
        lines: int = 36,
    ) -> None:
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {
            name: value for name, value in variables.items() if name not in ("COLUMNS", "LINES")
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _IN_COMMAND, *command],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(terminal)
        self._changed = threading.Condition()
        self._output = b""
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id of the program."""
        return self._process.pid

    @property
    def peak_bytes(self) -> int:
        """The peak memory of the program."""
        return peak_bytes(str(self.pid))

    def type_keys(self, keys: str) -> None:
        """Send keys to the program, and discard the output before them."""
        with self._changed:
            self._output = b""
        os.write(self._master, keys.encode())

    def wait_for(self, pattern: str, seconds: float) -> float:
        """Wait for a pattern in the output since the last key.

        Returns
        -------
        The time of the match, of `time.perf_counter`.

        Raises
        ------
        TimeoutError : no match in time, or the program has ended; the message has the last output
        """
        expression = re.compile(pattern)
        deadline = time.monotonic() + seconds
        with self._changed:
            while not expression.search(text := strip_control_codes(self._output)):
                remaining = deadline - time.monotonic()
                if remaining <= 0 or self._ended:
                    reason = "the program ended" if self._ended else f"{seconds:g} s passed"
                    tail = " ".join(text.split())[-200:]
                    raise TimeoutError(f"{reason} before {pattern!r} was shown: ...{tail}")
                self._changed.wait(remaining)
            return time.perf_counter()

    def wait(self, seconds: float) -> None:
        """Wait until the program ends.

        Raises
        ------
        TimeoutError : the program did not end in time
        """
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the program did not end within {seconds:g} s") from None

    def close(self) -> None:
        """End the program if it still runs, and close the terminal."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        os.close(self._master)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        part = b" "
        while part:
            part = b""
            with suppress(OSError):  # the program's side is closed
                part = os.read(self._master, 65536)
            with self._changed:
                self._output = (self._output + part)[-MAX_OUTPUT:]
                self._ended = not part
                self._changed.notify_all()


def strip_control_codes(output: bytes) -> str:
    """Return the text of an output, without colors and cursor movements."""
    return _CONTROL.sub("", output.decode("utf-8", errors="replace"))
