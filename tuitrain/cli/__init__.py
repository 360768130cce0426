"""The command line: ``tuitrain``, and its commands, from run to bench.

Imports neither Textual nor Numba before they are needed, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from tuitrain.encoding import keep_streams_writing
from tuitrain.errors import EndedError, TuitrainError

from .parser import parsed
from .status import INTERRUPTED, READER_LEFT, complain, tell

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    keep_streams_writing()
    try:
        return _carried_out(sys.argv[1:] if argv is None else argv)
    except TuitrainError as mistake:
        return complain(mistake)
    except KeyboardInterrupt as ending:
        tell("interrupted")
        return ending.status if isinstance(ending, EndedError) else INTERRUPTED
    except BrokenPipeError:
        _print_no_more()
        return READER_LEFT
    except OSError as problem:
        if problem.errno not in _NO_ROOM:
            raise
        if problem.filename is not None:
            return complain(
                TuitrainError(f"{problem.filename} cannot be written: {problem.strerror}")
            )
        _print_no_more()
        return complain(TuitrainError(f"the output cannot be written: {problem.strerror}"))


def _carried_out(argv: Sequence[str]) -> int:
    """Do what is asked, and see all of the output out: Python would be too late with an error."""
    try:
        arguments = parsed(argv)
        status = arguments.action(arguments)
    except SystemExit:  # argparse has printed help, or what is wrong
        _flush()
        raise
    _flush()
    return status


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _print_no_more() -> None:
    """Let what was printed and not written go: Python tries again when it exits."""
    with suppress(OSError, AttributeError):  # a stream may be closed, or none of the system's
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
