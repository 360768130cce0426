"""The mistakes that end a script: a sentence with the script's line, in place of a traceback."""

from __future__ import annotations

import sys
from traceback import print_exception
from types import TracebackType

from tuitrain.encoding import write_line
from tuitrain.errors import RunFailedError, TerminatedError, TuitrainError, UserCodeError
from tuitrain.text import visible_lines
from tuitrain.user_code import describe_mistake

from .script_end import set_exit_status


def report_mistakes() -> None:
    """Have Python print a mistake that ends this process as the command line does.

    A hook that the script has set itself stays.
    """
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _report


def print_end(error: BaseException) -> None:
    """Print what has ended a script: of a mistake a sentence, of any other error its traceback."""
    if not isinstance(error, TuitrainError):
        print_exception(error)
        return
    if isinstance(error, UserCodeError | RunFailedError) and error.traceback:
        write_line(visible_lines(error.traceback), sys.stderr)
    write_line(f"tuitrain: {visible_lines(describe_mistake(error))}", sys.stderr)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a mistake with the line of the script, and any other error as Python does.

    A signal has ended the script with its own exit status, and needs no traceback.
    """
    if isinstance(error, TerminatedError):
        set_exit_status(error.status)
    elif isinstance(error, TuitrainError):
        print_end(error)
    else:
        sys.__excepthook__(kind, error, trace)
