"""The pump of a served run: it sends viewers snapshots, and leaves nearly all time to the run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Set
from typing import Final

from .connection import Connection
from .switch_interval import SwitchInterval

SNAPSHOTS_PER_SECOND: Final = 12
"""Snapshots that a viewer is sent in a second; as many as a screen draws."""

SERVER_SHARE: Final = 0.03
"""The largest share of the time in which snapshots are encoded, all viewers together."""

MAX_INTERVAL_SECONDS: Final = 2.0
"""Seconds after which viewers are sent a snapshot even if that exceeds `SERVER_SHARE`."""


class SnapshotPump:
    """Sends all viewers snapshots at intervals; nothing is done while there is no viewer.

    A viewer that waits for its first one, or for the answer to a command, is sent them in between,
    too, as soon as they are published.

    Parameters
    ----------
    connections : to viewers and programs; may change at any time
    on_fault : called with the reason when a fault has ended a connection
    clock : returns a monotonic time in seconds
    """

    def __init__(
        self,
        connections: Set[Connection],
        on_fault: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._connections = connections
        self._on_fault = on_fault
        self._clock = clock
        self._request = asyncio.Event()
        self._switching = SwitchInterval()

    def wake(self) -> None:
        """End the wait for the next snapshot: something is due now. On the loop's thread only."""
        self._request.set()

    def close(self) -> None:
        """Undo what was changed in the process; called when the loop has ended."""
        self._switching.restore()

    async def run(self) -> None:
        """Send snapshots until this is cancelled."""
        next_regular = 0.0
        while True:
            viewers = [one for one in self._connections if one.takes_snapshots]
            if not viewers:
                self._switching.restore()
                self._request.clear()
                await self._request.wait()
                continue
            self._switching.shorten()
            start = self._clock()
            is_regular = start >= next_regular
            for connection in viewers:
                if is_regular or connection.is_urgent:
                    self._send_due(connection)
            if is_regular:
                now = self._clock()
                pause = min((now - start) / SERVER_SHARE, MAX_INTERVAL_SECONDS)
                next_regular = now + max(pause, 1 / SNAPSHOTS_PER_SECOND)
            await self._wait_for_request(next_regular - self._clock())

    def _send_due(self, connection: Connection) -> None:
        """Send a viewer what is due; a fault here must not end the service of other viewers."""
        try:
            connection.send_due()
        except Exception as error:
            self._on_fault(f"{type(error).__name__}: {error}")
            connection.abort()

    async def _wait_for_request(self, seconds: float) -> None:
        """Wait until a viewer asks for something, at most for some seconds."""
        self._request.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._request.wait()
