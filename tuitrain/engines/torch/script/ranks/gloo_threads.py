"""The threads of gloo at a process's end, which the interpreter does not wait for.

When an operation is complete, a thread of its group drops its tensors. For those with an object in
Python it needs the interpreter. If that has ended meanwhile, Python ends the thread, and C++ the
whole process with SIGABRT ("terminate called without an active exception"), also without tuitrain.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

_NAME: Final = "pt_gloo_runloop"
"""How PyTorch names the threads that drop tensors."""

_PAUSE_SECONDS: Final = 0.002
"""Seconds without the interpreter, in which a thread that waits for it gets it."""

_MAX_SECONDS: Final = 2.0
"""The most seconds that a process waits for these threads at its end."""

_kept: list[object] = []

_Idle: TypeAlias = dict[str, str]
"""The threads that sleep, by number, with what has them run counted."""


@functools.cache
def wait_at_exit() -> None:
    """Have this process, when it ends, wait until its threads of gloo have nothing left to do.

    Only the first call has an effect. A later function of `atexit` is called before.
    """
    atexit.register(_end)


def end_at_once(*kept: object) -> None:
    """Have this process end with status 1 right after its functions of `atexit`.

    A rank is lost, so operations may have no end. The destructors of their groups would wait for
    them; and if one fails while the interpreter ends, the process crashes.

    Parameters
    ----------
    kept : groups that are not destroyed before
    """
    _kept.append(kept)


def _end() -> None:
    if not _kept:
        _wait()
        return
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(1)


def _wait() -> None:
    """Wait until no thread has run between two looks, and none was about to.

    A thread that waits for the interpreter gets it between the looks, and has then run.
    """
    deadline = time.monotonic() + _MAX_SECONDS
    before: _Idle | None = None
    while time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        now = _find_idle()
        if now is not None and now == before:
            return
        before = now


def _find_idle() -> _Idle | None:
    """Return the threads of gloo; None if one of them is not asleep."""
    idle: _Idle = {}
    for folder in Path("/proc/self/task").glob("*"):  # elsewhere than on Linux there are none
        with suppress(OSError):  # the thread has ended
            lines = (folder / "status").read_text(encoding="utf-8", errors="replace").splitlines()
            fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            if fields["Name"] != _NAME:
                continue
            if not fields["State"].startswith("S"):
                return None
            idle[folder.name] = "".join(lines[-2:])  # how often it has waited and was interrupted
    return idle
