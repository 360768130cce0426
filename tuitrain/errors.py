"""The errors that a user can cause.

Every mistake of a user (in a command, a scenario, a data file) is a `TuitrainError`. Its message
says what was given, where, what is allowed, and the nearest match. Screens and the command line
show the message and no traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TuitrainError(Exception):
    """A user's mistake, described in one sentence.

    Attributes
    ----------
    place : the line of a script that has made it, such as `` (train.py, line 7)``; else ""
    """

    place = ""


class CommandError(TuitrainError):
    """A command that cannot be read."""


class RefusedError(TuitrainError):
    """A command that can be read but not applied to this run."""


class ScenarioError(TuitrainError):
    """A scenario that cannot be read or built."""


class UserCodeError(ScenarioError):
    """An exception of the user's own model, data, loss or metric.

    Attributes
    ----------
    traceback : its traceback as text, from the first line of the user's code on
    """

    def __init__(self, message: str, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


class RecordDiffersError(TuitrainError):
    """A run that does not repeat the record that it should continue."""


class RunFailedError(ScenarioError):
    """A run that cannot continue because one of its steps, or the screen, has raised.

    Attributes
    ----------
    traceback : as that of `UserCodeError`; "" if no code of the user has raised
    """

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class ExpectationError(TuitrainError):
    """A run whose expectations do not hold, or whose plan was refused in part."""


class UnreachableRunError(TuitrainError):
    """A live run that is not found, not reached, or not understood."""


class NoSuchRunError(UnreachableRunError):
    """No live run has this name, id or folder."""


class CheckpointError(TuitrainError):
    """A checkpoint that cannot be written or read."""


class StateMismatchError(TuitrainError):
    """A saved state that does not fit the model."""


class TerminatedError(KeyboardInterrupt):
    """A signal asks the process to end.

    Attributes
    ----------
    status : the exit status that a shell reports for a process ended by the signal
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number


def describe_error(error: BaseException) -> str:
    """Return an error's type and message, on one line."""
    try:
        message = " ".join(str(error).split())
    except Exception:  # an exception of the user's own may raise anything
        message = "(its message cannot be read)"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the allowed word closest to ``word``, or ``""``."""
    close = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.5)
    return f", did you mean {close[0]!r}?" if close else ""


def join_or(words: Iterable[str]) -> str:
    """Return alternatives as ``"a, b or c"``; facts are listed with commas alone."""
    every = list(words)
    return " or ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)
