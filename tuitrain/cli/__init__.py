"""The command line: ``tuitrain``, and its commands, from run to bench.

Imports neither Textual nor Numba before they are needed, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from tuitrain.errors import EndedError, TuitrainError

from .parser import parsed
from .status import FAILED, INTERRUPTED, complain

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    try:
        arguments = parsed(sys.argv[1:] if argv is None else argv)
        status = arguments.action(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except TuitrainError as mistake:
        return complain(mistake)
    except KeyboardInterrupt as ending:
        with suppress(OSError):  # the terminal may be what has gone
            print("tuitrain: interrupted", file=sys.stderr, flush=True)
        return ending.status if isinstance(ending, EndedError) else INTERRUPTED
    except BrokenPipeError:  # the reader of our stdout has left, as `head` does
        sys.stderr.close()
        return FAILED
    except OSError as problem:
        if problem.errno not in _NO_ROOM:
            raise
        if problem.filename is not None:
            return complain(
                TuitrainError(f"{problem.filename} cannot be written: {problem.strerror}")
            )
        _print_no_more()
        return complain(TuitrainError(f"the output cannot be written: {problem.strerror}"))


def _print_no_more() -> None:
    """Let what was printed and not written go: Python tries again when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
