"""Running an app until it is left, or until the process is told to end."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TypeVar

from textual.app import App

from tuitrain.errors import EndedError

from .guarded import kept_faults

T = TypeVar("T")


def run_app(app: App[T]) -> T | None:
    """Run an app and return what it was left with.

    Raises
    ------
    EndedError : SIGTERM came; the app was left as by its own key, and the terminal is as it was
    """
    ended: list[EndedError] = []

    def end() -> None:
        ended.append(EndedError(signal.SIGTERM))
        app.exit()

    async def run() -> T | None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        return await app.run_async()

    left_with = asyncio.run(run())  # which takes the handler away again
    for fault in kept_faults(app):
        print(f"tuitrain: the screen had a fault: {fault}", file=sys.stderr)
    if ended:
        raise ended[0]
    return left_with
