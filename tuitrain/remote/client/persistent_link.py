"""A connection to a run on a thread of its own, which is made again after it was lost."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tuitrain.errors import TuitrainError

from ..errors import ConnectionProblem
from ..wire.frames import MAX_REPLY_BYTES, FrameReader, make_frame
from ..wire.messages import Hello, Leave, Reply, Request, decode_reply, encode_message
from .endpoint import Endpoint, Link
from .lateness import PING_SECONDS, Lateness
from .retry_delays import retry_delays

SILENCE_SECONDS: Final = 15.0
"""Seconds without a message of the run after which the connection counts as lost."""

JOIN_SECONDS: Final = 2.0
"""Seconds in which the thread must end after `PersistentLink.close`."""


@dataclass(frozen=True, slots=True)
class LinkEvents:
    """The callbacks of a connection, on its thread.

    Attributes
    ----------
    on_connect : a connection was made; the next messages are its first
    on_reply : a message has come; a `TuitrainError` ends the connection for good
    on_problem : the connection is lost, or could not be made; another attempt follows
    on_end : no further attempt follows
    """

    on_connect: Callable[[], None]
    on_reply: Callable[[Reply], None]
    on_problem: Callable[[str], None]
    on_end: Callable[[TuitrainError], None]


class PersistentLink:
    """Connects to a run, and connects again after a lost connection.

    Parameters
    ----------
    endpoint : where the run is
    hello : the first message of every connection
    events : the callbacks
    lateness : is given pings and messages
    returns : whether to connect again
    """

    def __init__(
        self,
        endpoint: Endpoint,
        hello: Hello,
        events: LinkEvents,
        lateness: Lateness,
        returns: bool,
    ) -> None:
        self._endpoint = endpoint
        self._hello = hello
        self._events = events
        self._lateness = lateness
        self._returns = returns
        self._has_ended = self._is_closing = False
        self._replies = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="tuitrain-viewer", daemon=True)

    def start(self) -> None:
        """Start to connect."""
        self._thread.start()

    def end(self) -> None:
        """Make no further attempt after this connection."""
        self._has_ended = True

    def close(self) -> None:
        """Leave the run, and end the thread."""
        self._is_closing = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._leave)
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def send(self, message: Request) -> None:
        """Send a message from any thread; without a connection it is dropped."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._send, message)

    def _send(self, message: Request) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(make_frame(encode_message(message)))

    def _leave(self) -> None:
        self._send(Leave())
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._stay_connected())

    async def _stay_connected(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        delays = retry_delays()
        while not self._is_closing:
            problem, replies = "", self._replies
            try:
                problem = await self._follow(await self._endpoint.connect())
            except ConnectionProblem as error:
                problem = str(error)
            except TuitrainError as error:
                self._events.on_end(error)
                return
            if self._has_ended:
                return
            if not self._returns:
                self._events.on_end(ConnectionProblem(problem))
                return
            self._events.on_problem(problem)
            if self._replies > replies + 1:  # more than a greeting: the connection was a good one
                delays = retry_delays()
            await asyncio.sleep(next(delays))

    async def _follow(self, link: Link) -> str:
        """Read messages until the connection ends; return why it has.

        Raises
        ------
        TuitrainError : the run has sent an invalid message
        """
        frames = FrameReader(MAX_REPLY_BYTES)
        self._writer = link.writer
        self._lateness.note_message()
        self._send(self._hello)
        self._events.on_connect()
        pings = asyncio.create_task(self._send_pings())
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    data = await link.reader.read(1 << 18)
                if not data:
                    return link.why_lost() or "the connection was lost"
                for message in frames.feed(data):
                    self._replies += 1
                    self._lateness.note_message()
                    self._events.on_reply(decode_reply(message))
        except TimeoutError:
            return f"no message from the run for {SILENCE_SECONDS:.0f} s"
        except OSError as error:
            return error.strerror or "the connection was lost"
        finally:
            pings.cancel()
            self._writer = None
            await link.close()

    async def _send_pings(self) -> None:
        while True:
            self._send(self._lateness.make_ping())
            await asyncio.sleep(PING_SECONDS)
