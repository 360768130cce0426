"""Capturing the output of C code and child processes on the file descriptors 1 and 2.

Meanwhile, descriptor 0 is at its end, because the keyboard belongs to the screen, which reads from
a copy in `sys.__stdin__`. `input` raises an `EOFError` that says so.

While a screen is up, the descriptors lead into pipes, whose lines are added to the captured output.
The screen itself writes to copies of the descriptors, which replace `sys.stdout`, `sys.__stdout__`
and the streams of standard error meanwhile.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final, TextIO

from .log_capture import LogCapture

_LEVELS: Final = {1: "out", 2: "err"}
_STREAMS: Final = {1: ("stdout", "__stdout__"), 2: ("stderr", "__stderr__")}


@contextmanager
def capture_descriptors(log: LogCapture) -> Generator[None, None, None]:
    """Capture output on the descriptors, and give no input, until the context is left."""
    with ExitStack() as pipes:
        pipes.enter_context(_without_input())
        for number in _LEVELS:
            pipes.enter_context(_pipe(number, log))
        yield


@contextmanager
def _pipe(number: int, log: LogCapture) -> Generator[None, None, None]:
    before: dict[str, TextIO] = {name: getattr(sys, name) for name in _STREAMS[number]}
    for stream in before.values():
        stream.flush()
    original = os.dup(number)
    reading, writing = os.pipe()
    os.dup2(writing, number)
    os.close(writing)
    reader = threading.Thread(target=_read, args=(reading, _LEVELS[number], log), daemon=True)
    reader.start()
    try:
        with os.fdopen(original, "w", encoding="utf-8", errors="replace", closefd=False) as copy:
            _set_streams(dict.fromkeys(before, copy))
            yield
    finally:
        _set_streams(before)
        os.dup2(original, number)  # closes our last writing end of the pipe
        os.close(original)
        reader.join(timeout=1)  # a child process may still have a writing end


class _NoInput(io.StringIO):
    """A `sys.stdin` that is at its end; `input` raises an error that says why."""

    def readline(self, size: int | None = -1, /) -> str:  # noqa: ARG002
        raise EOFError(
            "the keyboard belongs to the screen; a script takes its input as arguments, or runs "
            "with --headless"
        )


@contextmanager
def _without_input() -> Generator[None, None, None]:
    before = sys.stdin, sys.__stdin__
    if before[1] is None:
        yield
        return
    original, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        with os.fdopen(original, encoding="utf-8", errors="replace", closefd=False) as copy:
            sys.stdin, sys.__stdin__ = _NoInput(), copy  # type: ignore[misc]
            yield
    finally:
        sys.stdin, sys.__stdin__ = before  # type: ignore[misc]
        os.dup2(original, 0)
        os.close(original)


def _set_streams(streams: Mapping[str, TextIO]) -> None:
    for name, stream in streams.items():
        setattr(sys, name, stream)


def _read(reading: int, level: str, log: LogCapture) -> None:
    """Add lines until the last writing end is closed."""
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            log.add(level, line.rstrip("\n"))
