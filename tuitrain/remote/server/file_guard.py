"""Keeps the files of a live run in place, which cleaners of temporary folders may remove."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from tuitrain.errors import TuitrainError

from ..local.live_entry import LiveEntry

CHECK_SECONDS: Final = 10.0
"""Seconds between two checks: two calls of the system, which take microseconds."""

Wait: TypeAlias = Callable[[float], Awaitable[object]]
"""Waits for some seconds, as `asyncio.sleep` does."""


class FileGuard:
    """Makes the files of a run again where they were removed; never those of another process.

    Parameters
    ----------
    entry : of the run
    on_listener : serves a new socket in place of the last one
    log : called with a line when files were made again, or cannot be
    wait : between two checks
    """

    def __init__(
        self,
        entry: LiveEntry,
        on_listener: Callable[[socket.socket], Awaitable[object]],
        log: Callable[[str], None],
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._entry = entry
        self._on_listener = on_listener
        self._log = log
        self._wait = wait
        self._problem = ""

    async def watch(self) -> None:
        """Check the files until this is cancelled."""
        while True:
            await self._wait(CHECK_SECONDS)
            try:
                listener = self._entry.restore()
            except TuitrainError as error:
                self._note(f"this run cannot be watched now: {error}")
                continue
            self._problem = ""
            if listener is not None:
                self._log("the socket of this run was removed, and has been made again")
                await self._on_listener(listener)

    def _note(self, problem: str) -> None:
        """Log a problem once."""
        if problem != self._problem:
            self._log(problem)
        self._problem = problem
