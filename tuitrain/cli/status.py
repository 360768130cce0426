"""Exit statuses, and messages on stderr."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from typing import Final

from tuitrain.encoding import write_line
from tuitrain.errors import (
    ExpectationError,
    RunFailedError,
    TuitrainError,
    UnreachableRunError,
    UserCodeError,
)
from tuitrain.text import visible_lines

OK, FAILED, BAD_INPUT, NO_SUCH_RUN, INTERRUPTED = 0, 1, 2, 3, 130

BROKEN_PIPE: Final = 128 + signal.SIGPIPE
"""The status that a shell reports when the reader of a program's output has closed it."""


def report_error(error: TuitrainError) -> int:
    """Print an error, and return its exit status."""
    if isinstance(error, UserCodeError | RunFailedError) and error.traceback:
        print_lines(error.traceback)
    print_error(f"{error}{error.place}")
    if isinstance(error, UnreachableRunError):
        return NO_SUCH_RUN
    return FAILED if isinstance(error, RunFailedError | ExpectationError) else BAD_INPUT


def print_lines(text: str) -> None:
    """Print lines on stderr, or nothing if stderr is closed."""
    with suppress(OSError):
        write_line(visible_lines(text), sys.stderr)


def print_error(text: str) -> None:
    """Print a message on stderr, or nothing if stderr is closed."""
    with suppress(OSError):
        write_line(f"tuitrain: {visible_lines(text)}", sys.stderr)
