"""The server of a run: a Unix socket, and a thread that serves its viewers.

Without a viewer the thread waits, and nothing is encoded. It costs the run nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import platform
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tuitrain.after_fork import disconnect, leave_to_parent
from tuitrain.errors import TuitrainError
from tuitrain.text import visible

from ..errors import SilentViewerError
from ..local.live_entry import LiveEntry
from ..snapshots import SharedParts, SnapshotEncoder
from ..wire.messages import PROTOCOL_VERSION, Farewell, Welcome
from .closed_descriptors import LOST_DESCRIPTORS, DescriptorsClosedError, is_socket, run_to_end
from .connection import Connection
from .file_guard import FileGuard, Wait
from .peer_user import peer_uid
from .pen import Pen
from .snapshot_pump import SnapshotPump
from .viewer_log import ViewerLog
from .watched_run import WatchedRun

MAX_CONNECTIONS: Final = 64
"""Maximum number of connections of viewers and programs; further ones are refused."""

CLOSE_SECONDS: Final = 1.0
"""Seconds in which viewers can take the last snapshot when the run ends."""

HAS_ENDED: Final = "the run has ended"
"""The farewell to viewers when the service ends, if there is no other reason."""


class RunServer:
    """Serves a run to viewers of this user, from `start` to `close`.

    Parameters
    ----------
    run : gives viewers snapshots and takes their commands
    folder : of the record
    name : of the run
    log : takes lines about viewers that were refused or disconnected; see `ViewerLog`
    pen : knows who steers; shared with the screen in the run's process
    clock : returns a monotonic time in seconds
    wait : between two checks of the run's files; see `FileGuard`

    Raises
    ------
    TuitrainError : the socket cannot be made
    """

    def __init__(
        self,
        run: WatchedRun,
        folder: Path,
        name: str,
        log: Callable[[str], None],
        pen: Pen | None = None,
        clock: Callable[[], float] = time.perf_counter,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self.pen = Pen() if pen is None else pen
        self._run = run
        self._log = ViewerLog(log)
        self._entry = LiveEntry(folder, name)
        try:
            self._listener = self._entry.bind()
        except TuitrainError:
            self._entry.close()
            raise
        self._guard = FileGuard(self._entry, self._listen, self._log.add, wait)
        self._server: asyncio.AbstractServer | None = None
        facts = self._entry.facts
        self._welcome = Welcome(
            PROTOCOL_VERSION, facts.run, facts.id, facts.folder, facts.pid, platform.node()
        )
        self._numbers = itertools.count(1)
        self._parts = SharedParts()
        self._connections: set[Connection] = set()
        self._pump = SnapshotPump(self._connections, self._log_disconnected, clock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="tuitrain-remote", daemon=True)
        self._has_started = threading.Event()
        self._farewell = Farewell(HAS_ENDED)
        self._loss = threading.Lock()  # for the first thread that logs it
        leave_to_parent(self)

    @property
    def id(self) -> str:
        """The id of the run on this machine."""
        return self._welcome.id

    @property
    def socket(self) -> Path:
        """The path of the socket."""
        return self._entry.socket

    @property
    def has_viewers(self) -> bool:
        """Whether a viewer or a program takes snapshots."""
        return any(connection.takes_snapshots for connection in tuple(self._connections))

    def start(self) -> RunServer:
        """Start the thread, and return the server itself."""
        self._thread.start()
        self._has_started.wait()
        return self

    def disconnect_all(self) -> None:
        """Close all connections; viewers come back by themselves."""
        if self._loop is not None:
            for connection in tuple(self._connections):
                self._loop.call_soon_threadsafe(connection.abort)

    def after_fork(self) -> None:
        """Leave the service to the parent; called in a forked child."""
        self._loop = None
        disconnect(self._listener.fileno())
        for connection in self._connections:
            disconnect(connection.descriptor)

    def close(self, reason: str = HAS_ENDED) -> None:
        """Send viewers the last snapshot and a farewell with a reason, and end the thread."""
        self._farewell = Farewell(reason)
        if self._loop is not None and self._thread.is_alive():
            is_open = is_socket(self._listener.fileno())  # before the thread closes it
            with contextlib.suppress(RuntimeError):  # the loop has ended just now
                self._loop.call_soon_threadsafe(self._closing.set)
            if is_open:
                self._thread.join()
            else:  # the thread waits for descriptors that are closed
                self._note_loss()
        self._log.close()
        self._entry.close()

    def _serve(self) -> None:
        try:
            run_to_end(self._run_loop())
        except DescriptorsClosedError:
            self._note_loss()
        finally:
            self._pump.close()
            self._has_started.set()

    def _note_loss(self) -> None:
        """Log once that descriptors were closed; both threads may notice it."""
        if self._loss.acquire(blocking=False):
            self._log.add(LOST_DESCRIPTORS)

    async def _run_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._listen(self._listener)
        tasks = [asyncio.create_task(self._pump.run()), asyncio.create_task(self._guard.watch())]
        self._has_started.set()
        await self._closing.wait()
        for task in tasks:
            task.cancel()
        if self._server is not None:
            self._server.close()
        await self._say_farewell()

    async def _listen(self, listener: socket.socket) -> None:
        """Serve a socket; the connections of the last one stay."""
        last, self._listener = self._server, listener
        self._server = await asyncio.start_unix_server(self._accept, sock=listener)
        if last is not None:
            last.close()

    async def _say_farewell(self) -> None:
        for connection in list(self._connections):
            connection.send_last(self._farewell)
            connection.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._connections:
                    await asyncio.sleep(0.01)
        for connection in list(self._connections):
            connection.abort()

    def _wake_from_run(self) -> None:
        """End the wait of the pump; called on the run's thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended just now
                self._loop.call_soon_threadsafe(self._pump.wake)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(
            next(self._numbers),
            self._run,
            self.pen,
            self._welcome,
            SnapshotEncoder(self._parts),
            reader,
            writer,
            self._pump.wake,
            self._wake_from_run,
        )
        if reason := self._refusal(writer):
            connection.refuse(reason)
            self._log.add(f"a viewer was refused: {reason}")
        else:
            self._connections.add(connection)
            await self._attend(connection)
            self._connections.discard(connection)
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await writer.wait_closed()
        connection.abort()  # what a viewer that does not read has not taken

    async def _attend(self, connection: Connection) -> None:
        """Serve a connection to its end; a bad one costs the run a line in the log."""
        try:
            await connection.serve()
        except SilentViewerError as error:  # without a farewell, after which it would not return
            self._log_disconnected(str(error))
            connection.abort()
        except TuitrainError as error:
            self._log_disconnected(str(error))
            with contextlib.suppress(OSError):
                connection.refuse(str(error))
        except OSError:
            pass  # the viewer was killed, or its machine is gone
        except Exception as error:  # a fault here must not end the service of the other viewers
            self._log_disconnected(f"{type(error).__name__}: {error}")

    def _log_disconnected(self, reason: str) -> None:
        self._log.add(f"a viewer was disconnected: {visible(reason)}")

    def _refusal(self, writer: asyncio.StreamWriter) -> str:
        """Return why a connection is not served, or ""."""
        connection: socket.socket = writer.get_extra_info("socket")
        try:
            uid = peer_uid(connection)
        except OSError:
            return "its user is unknown"
        if uid is not None and uid != os.getuid():
            return f"user {uid} may not watch a run of user {os.getuid()}"
        if len(self._connections) >= MAX_CONNECTIONS:
            return f"the run has {MAX_CONNECTIONS} connections already"
        return ""
