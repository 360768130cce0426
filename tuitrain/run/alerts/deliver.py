"""Delivering an alert: running a command, posting to a web address."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from .alert import Alert, DeliveryError

_POLL_SECONDS: Final = 0.05
"""Seconds between two checks of whether the process has ended."""

_CHUNK: Final = 1 << 16
"""Maximum number of bytes of one read from its error output."""

_KEPT: Final = 4096
"""Bytes of its error output that are kept."""

_MAX_READS: Final = 64
"""Reads of its error output at a time: endless output must not hold the thread."""


def run_command(command: Sequence[str], alert: Alert, timeout: float) -> None:
    """Run a program with the title and the text as its last arguments, without a shell.

    The environment has ``TUITRAIN_EVENT``, ``TUITRAIN_RUN``, ``TUITRAIN_STEP``,
    ``TUITRAIN_TITLE`` and ``TUITRAIN_TEXT``.

    Raises
    ------
    DeliveryError : it cannot be run, fails, or takes longer than ``timeout`` seconds
    """
    values = {
        "EVENT": alert.event,
        "RUN": alert.run,
        "STEP": str(alert.step),
        "TITLE": alert.title,
        "TEXT": alert.text,
    }
    own = {f"TUITRAIN_{name}": _plain(value) for name, value in values.items()}
    words = [*command, _plain(alert.title), _plain(alert.text)]
    try:
        process = subprocess.Popen(
            words,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DeliveryError(f"{command[0]} cannot be run: {why}") from None
    with _Errors(process) as errors:
        if not errors.read_until_end(timeout):
            _kill_group(process)
            raise DeliveryError(f"{command[0]} took longer than {timeout:g} s")
    if process.returncode:
        message = errors.kept.decode(errors="replace").strip().partition("\n")[0]
        problem = f"{command[0]} ended with status {process.returncode}"
        raise DeliveryError(f"{problem}: {message:.200}" if message else problem)


class _Errors:
    """The error output of a process: its beginning is kept, and all of it is read.

    Programs that the process has left in the background may hold it open; they are not waited for.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        self._process, self._pipe = process, process.stderr
        os.set_blocking(self._pipe.fileno(), False)
        self.kept = b""

    def __enter__(self) -> _Errors:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()

    def read_until_end(self, timeout: float) -> bool:
        """Read until the process has ended; return False if that takes longer, in seconds."""
        deadline = time.monotonic() + timeout
        is_open = True
        while self._process.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            is_open = is_open and self._read()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(min(left, _POLL_SECONDS))
        self._read()
        return True

    def _read(self) -> bool:
        """Read a bounded amount of the available output; return whether more can come."""
        for _ in range(_MAX_READS):
            try:
                chunk = os.read(self._pipe.fileno(), _CHUNK)
            except BlockingIOError:
                return True
            self.kept += chunk[: _KEPT - len(self.kept)]
            if not chunk:
                return False
        return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and those that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def post(address: str, alert: Alert, timeout: float) -> None:
    """Post an alert as JSON.

    Raises
    ------
    DeliveryError : there is no answer in ``timeout`` seconds, or it is an error
    """
    from .webhook import post_body  # it takes a while to import, and most runs need none

    post_body(address, json.dumps(alert.as_json()).encode(), timeout)


def _plain(text: str) -> str:
    """Return a string that can be an argument of a program."""
    return text.replace("\0", "").encode(errors="replace").decode()
