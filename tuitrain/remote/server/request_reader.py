"""The requests of one viewer: read from its connection, no faster than it may send them."""

from __future__ import annotations

import asyncio
from typing import Final

from ..errors import ProtocolError
from ..wire.frames import MAX_REQUEST_BYTES, FrameReader
from ..wire.messages import (
    PROTOCOL_VERSION,
    CancelCommand,
    Hello,
    Request,
    SubmitCommand,
    decode_request,
)
from .rate_limit import RateLimit
from .silence import await_viewer

HELLO_SECONDS: Final = 5.0
"""Seconds in which the first message must arrive."""

MESSAGES_PER_SECOND: Final = 200
"""Messages of all kinds a second that one connection may send; more are read later."""

COMMANDS_PER_SECOND: Final = 40
"""Requests a second that one connection may send; a held key sends 30. More are read later."""


class RequestReader:
    """Reads the messages of one viewer.

    Parameters
    ----------
    reader : receives the viewer's bytes

    Attributes
    ----------
    name : the viewer's name, for messages; "" before its first message
    """

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.name = ""
        self._reader = reader
        self._frames = FrameReader(MAX_REQUEST_BYTES)
        self._messages: list[bytes] = []
        self._limit = RateLimit(MESSAGES_PER_SECOND, 2 * MESSAGES_PER_SECOND)
        self._command_limit = RateLimit(COMMANDS_PER_SECOND, COMMANDS_PER_SECOND)

    async def read_hello(self) -> Hello | None:
        """Return the first message; None if the viewer has closed the connection.

        Raises
        ------
        ProtocolError : it did not come within `HELLO_SECONDS`, or is not a `Hello` of this version
        """
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await self.read_request()
        except TimeoutError:
            raise ProtocolError("no message came") from None
        if hello is None:
            return None
        if not isinstance(hello, Hello):
            raise ProtocolError(f"the first message is {type(hello).__name__}, and must be Hello")
        if hello.version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"the viewer speaks version {hello.version} of the protocol, and the run version "
                f"{PROTOCOL_VERSION}; use the same version of tuitrain on both sides"
            )
        self.name = hello.name
        return hello

    async def read_request(self) -> Request | None:
        """Return the next message; None if the viewer has closed the connection.

        Raises
        ------
        ProtocolError : it is none that a viewer may send, or ends inside a frame
        SilentViewerError : none came for `SILENCE_SECONDS`
        """
        while not self._messages:
            data = await await_viewer(self._reader.read(65536), self.name)
            if not data:
                if self._frames.is_inside:
                    raise ProtocolError("the connection ended inside a frame")
                return None
            self._messages = self._frames.feed(data)
        await _wait_for(self._limit)
        request = decode_request(self._messages.pop(0))
        if isinstance(request, SubmitCommand | CancelCommand):
            await _wait_for(self._command_limit)
        return request


async def _wait_for(limit: RateLimit) -> None:
    """Count an event, and wait until the limit allows it."""
    if wait := limit.wait_seconds():
        await asyncio.sleep(wait)
