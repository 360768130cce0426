"""The relay: passes frames between its standard streams and the socket of a run, for ssh."""

from __future__ import annotations

import asyncio
import os
import stat
import sys

from tuitrain.errors import TuitrainError

from .client.endpoint import RELAY_GREETING, SocketEndpoint
from .local.live_entry import RunFacts

_CHUNK = 1 << 16
"""Maximum number of bytes that are passed on at once."""


def relay(facts: RunFacts) -> None:
    """Pass bytes both ways until one side ends.

    Raises
    ------
    NoSuchRunError, ConnectionProblem : the run cannot be reached
    TuitrainError : standard input is a file or a device, which has no end to wait for
    """
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty()):
        raise TuitrainError("tuitrain relay reads a pipe, as ssh starts it; use: tuitrain attach")
    asyncio.run(_relay(facts))


async def _relay(facts: RunFacts) -> None:
    link = await SocketEndpoint(facts).connect()
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin.buffer)
    out = sys.stdout.fileno()
    os.write(out, RELAY_GREETING)
    upward = asyncio.create_task(_pass_requests(stdin, link.writer))
    downward = asyncio.create_task(_pass_replies(link.reader, out))
    await asyncio.wait({upward, downward}, return_when=asyncio.FIRST_COMPLETED)
    upward.cancel()
    downward.cancel()
    link.writer.close()


async def _pass_requests(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()


async def _pass_replies(reader: asyncio.StreamReader, out: int) -> None:
    """Write in a thread: a full pipe then stops this direction only, and is read no further."""
    while data := await reader.read(_CHUNK):
        await asyncio.to_thread(_write_all, out, data)


def _write_all(out: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(out, view) :]
