"""The command line: ``tuitrain`` and its commands.

Textual and Numba are imported only where they are used, so that ``--help`` is fast.
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
        return _run_command(sys.argv[1:] if argv is None else argv)
    except TuitrainError as error:
        return report_error(error)
    except KeyboardInterrupt as interruption:
        print_error("interrupted")
        return interruption.status if isinstance(interruption, TerminatedError) else INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return BROKEN_PIPE
    except OSError as problem:
        if problem.errno not in _NO_ROOM:
            raise
        if problem.filename is not None:
            return report_error(
                TuitrainError(f"{problem.filename} cannot be written: {problem.strerror}")
            )
        _discard_output()
        return report_error(TuitrainError(f"the output cannot be written: {problem.strerror}"))


def _run_command(argv: Sequence[str]) -> int:
    """Run the command, and flush its output here, where a write error can still be reported."""
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


def _discard_output() -> None:
    """Discard unwritten output, which Python would otherwise try to write again at exit."""
    with suppress(OSError, AttributeError):  # the stream may be closed, or have no file descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
