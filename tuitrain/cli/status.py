"""The exit status of every command."""

from __future__ import annotations

import sys

from tuitrain.errors import RunFailedError, TuitrainError

HELD, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def complain(mistake: TuitrainError) -> int:
    """Print what is wrong, and return the status for it."""
    print(f"tuitrain: {mistake}", file=sys.stderr)
    return FAILED if isinstance(mistake, RunFailedError) else BAD_INPUT
