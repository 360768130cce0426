"""Ending a run that the app has left, also where a step takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tuitrain.encoding import write_line
from tuitrain.run.live.live_run import LiveRun
from tuitrain.text import format_count

NOTICE_SECONDS: Final = 1.0
"""Seconds after which a line names the cause of the wait."""

ABANDON_SECONDS: Final = 5.0
"""Seconds in which a run must end whose step was abandoned."""

Abandon = Callable[[], None]
"""Ends the step under way, which then does not count."""


def leave_run(run: LiveRun, abandon: Abandon | None = None) -> None:
    """End a run at its next boundary; an interruption ends the wait for it.

    Parameters
    ----------
    run : the run
    abandon : None for a run whose steps cannot be abandoned

    Raises
    ------
    KeyboardInterrupt : the user has interrupted the wait
    """
    try:
        if not run.close(NOTICE_SECONDS):
            say("waiting for the present step to end; ctrl-c leaves at once")
            run.close()
    except KeyboardInterrupt:
        _leave_at_once(run, abandon)
        raise


def say(text: str) -> None:
    """Write a line to the terminal, below the screen that has closed."""
    if sys.__stderr__ is not None:
        with suppress(OSError):
            write_line(text, sys.__stderr__)


def _leave_at_once(run: LiveRun, abandon: Abandon | None) -> None:
    step = format_count(run.snapshot().step + 1)
    if abandon is not None:
        abandon()
    if abandon is not None and run.close(ABANDON_SECONDS):
        say("left in the middle of a step, which does not count")
    else:
        say(f"left in the middle of a step, at step {step} or later; the record breaks off there")
