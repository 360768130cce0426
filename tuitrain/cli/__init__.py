"""The command line: ``tuitrain``, and its commands, from run to bench.

Imports neither Textual nor Numba before they are needed, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from tuitrain.encoding import make_streams_lenient
from tuitrain.errors import TerminatedError, TuitrainError

from .parser import parse_arguments
from .status import BROKEN_PIPE, INTERRUPTED, print_error, report_error

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    make_streams_lenient()
    try:
        return _carried_out(sys.argv[1:] if argv is None else argv)
    except TuitrainError as mistake:
        return report_error(mistake)
    except KeyboardInterrupt as ending:
        print_error("interrupted")
        return ending.status if isinstance(ending, TerminatedError) else INTERRUPTED
    except BrokenPipeError:
        _print_no_more()
        return BROKEN_PIPE
    except OSError as problem:
        if problem.errno not in _NO_ROOM:
            raise
        if problem.filename is not None:
            return report_error(
                TuitrainError(f"{problem.filename} cannot be written: {problem.strerror}")
            )
        _print_no_more()
        return report_error(TuitrainError(f"the output cannot be written: {problem.strerror}"))


def _carried_out(argv: Sequence[str]) -> int:
    """Do what is asked, and see all of the output out: Python would be too late with an error."""
    try:
        arguments = parse_arguments(argv)
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
