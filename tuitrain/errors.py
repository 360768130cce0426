"""The errors a user can cause, and the words in which they are told.

Every mistake of a user (a command, a scenario, a data file) is a `TuitrainError`: what was given,
where, what is allowed, the nearest match. A face shows its text and never a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TuitrainError(Exception):
    """A user's mistake, told in one sentence."""


class CommandError(TuitrainError):
    """A command that cannot be read."""


class RefusedError(TuitrainError):
    """A command that was read, and cannot be applied to this run."""


class ScenarioError(TuitrainError):
    """A scenario that cannot be read or built."""


class RecordDiffersError(TuitrainError):
    """A run that does not repeat the record that it is to continue."""


class RunFailedError(ScenarioError):
    """A run that was under way and cannot go on: a step of it, or the screen, has raised."""


class StateMismatchError(TuitrainError):
    """A saved state that does not fit the model it was given to."""


class TerminatedError(KeyboardInterrupt):
    """A signal has told us to end.

    Attributes
    ----------
    status : the exit status that a shell gives to a process that the signal has ended
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the allowed word closest to ``given``, or ``""``."""
    close = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.5)
    return f", did you mean {close[0]!r}?" if close else ""


def join_or(words: Iterable[str]) -> str:
    """Return ``"a, b or c"``."""
    every = list(words)
    return " or ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)
