"""The exit status of every command."""

from __future__ import annotations

import sys

from tuitrain.errors import TuitrainError

HELD, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def complain(mistake: TuitrainError) -> int:
    """Say what is wrong with what was given, and return the status for it."""
    print(f"tuitrain: {mistake}", file=sys.stderr)
    return BAD_INPUT
