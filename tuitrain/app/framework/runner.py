"""Running an app until it is left, or until the process is told to end."""

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
    """Run an app and return what it was left with.

    Raises
    ------
    EndedError : SIGTERM or SIGINT came; the app was left in order, and the terminal is as it was
    RunFailedError : the app has crashed; Textual has printed the traceback
    """
    ended: list[TerminatedError] = []

    def end(number: int) -> None:
        ended.append(TerminatedError(number))
        app.exit()

    async def run() -> T | None:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):  # Textual takes asyncio's own for a key
            if signal.getsignal(each) is not signal.SIG_IGN:
                loop.add_signal_handler(each, end, each)
        return await app.run_async()

    left_with = asyncio.run(run())  # which takes the handlers away again
    for fault in unlogged_faults_of(app):
        print(f"tuitrain: the screen had a fault: {fault}", file=sys.stderr)
    if ended:
        raise ended[0]
    if app.return_code:
        crash = crash_error(app)
        what = "" if crash is None else f": {type(crash).__name__}: {crash}"
        raise RunFailedError(f"the screen has failed{what}")
    return left_with
