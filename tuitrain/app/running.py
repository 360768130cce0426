"""Running an app until it is left, or until the process is told to end."""

from __future__ import annotations

import asyncio
import signal
from typing import TypeVar

from textual.app import App

from tuitrain.errors import EndedError, RunFailedError

from .terminal import crash_of

T = TypeVar("T")


def run_app(app: App[T]) -> T | None:
    """Run an app and return what it was left with.

    Raises
    ------
    EndedError : SIGTERM came; the app was left as by its own key, and the terminal is as it was
    RunFailedError : the app has crashed; Textual has printed the traceback
    """
    ended: list[EndedError] = []

    def end() -> None:
        ended.append(EndedError(signal.SIGTERM))
        app.exit()

    async def run() -> T | None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        return await app.run_async()

    left_with = asyncio.run(run())  # which takes the handler away again
    if ended:
        raise ended[0]
    if app.return_code:
        crash = crash_of(app)
        what = "" if crash is None else f": {type(crash).__name__}: {crash}"
        raise RunFailedError(f"the screen has failed{what}")
    return left_with
