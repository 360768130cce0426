"""What is written past Python: by C code, by child processes, to the descriptors 1 and 2.

While a screen is up they lead into pipes, whose lines the output takes. The screen itself goes on
through copies of the descriptors, which are `sys.stdout`, `sys.__stdout__` and so on for so long.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final, TextIO

from .log_capture import LogCapture

_LEVELS: Final = {1: "out", 2: "err"}
_NAMES: Final = {1: ("stdout", "__stdout__"), 2: ("stderr", "__stderr__")}


@contextmanager
def capture_descriptors(output: LogCapture) -> Iterator[None]:
    """Take what is written to the descriptors, until the context is left."""
    with ExitStack() as pipes:
        for number in _LEVELS:
            pipes.enter_context(_pipe(number, output))
        yield


@contextmanager
def _pipe(number: int, output: LogCapture) -> Iterator[None]:
    before = {name: getattr(sys, name) for name in _NAMES[number]}
    for stream in before.values():
        stream.flush()
    kept = os.dup(number)
    reading, writing = os.pipe()
    os.dup2(writing, number)
    os.close(writing)
    reader = threading.Thread(target=_read, args=(reading, _LEVELS[number], output), daemon=True)
    reader.start()
    try:
        with os.fdopen(kept, "w", encoding="utf-8", errors="replace", closefd=False) as copy:
            _name(dict.fromkeys(before, copy))
            yield
    finally:
        _name(before)
        os.dup2(kept, number)  # the last end of the pipe that we have is closed by that
        os.close(kept)
        reader.join(timeout=1)  # a child process may still hold the other end


def _name(streams: Mapping[str, TextIO]) -> None:
    for name, stream in streams.items():
        setattr(sys, name, stream)


def _read(reading: int, level: str, output: LogCapture) -> None:
    """Take lines in until nobody can write any more."""
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            output.add(level, line.rstrip("\n"))
