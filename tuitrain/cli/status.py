"""The exit status of every command, and what is said on stderr."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from typing import Final

from tuitrain.encoding import write_line
from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.text import visible_lines

OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

BROKEN_PIPE: Final = 128 + signal.SIGPIPE
"""Whoever read our output has left, as ``head`` does: what a shell gives for a Unix tool then."""


def report_error(mistake: TuitrainError) -> int:
    """Print what is wrong, and return the status for it."""
    print_error(str(mistake))
    return FAILED if isinstance(mistake, RunFailedError) else BAD_INPUT


def print_error(text: str) -> None:
    """Print a sentence on stderr; where that has been closed, or has no reader, nowhere."""
    with suppress(OSError):
        write_line(f"tuitrain: {visible_lines(text)}", sys.stderr)
