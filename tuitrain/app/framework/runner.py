"""Run an app until the user leaves it, or until a signal ends the process."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TypeVar

from textual.app import App

from tuitrain.errors import RunFailedError, TerminatedError

from ..terminal import crash_error
from .guarded_app import unlogged_faults_of

T = TypeVar("T")


def run_app(app: App[T]) -> T | None:
    """Run an app and return its result.

    Raises
    ------
    EndedError : after SIGTERM or SIGINT; the app has closed and the terminal is restored
    RunFailedError : the app has crashed; Textual has printed the traceback
    """
    ended: list[TerminatedError] = []

    def end(number: int) -> None:
        ended.append(TerminatedError(number))
        app.exit()

    async def run() -> T | None:
        loop = asyncio.get_running_loop()
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
        ):  # Textual reads asyncio's own handling as a key
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, end, number)
        return await app.run_async()

    result = asyncio.run(run())  # removes the handlers too
    for fault in unlogged_faults_of(app):
        print(f"tuitrain: the screen had a fault: {fault}", file=sys.stderr)
    if ended:
        raise ended[0]
    if app.return_code:
        crash = crash_error(app)
        reason = "" if crash is None else f": {type(crash).__name__}: {crash}"
        raise RunFailedError(f"the screen has failed{reason}")
    return result
