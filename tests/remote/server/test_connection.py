"""A connection whose viewer is gone."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from tuitrain.remote.server.connection import Connection


def read_all(peer: socket.socket) -> int:
    """Return the number of bytes that a peer sends until it closes."""
    count = 0
    while data := peer.recv(1 << 16):
        count += len(data)
    return count


def test_a_connection_that_has_closed_can_be_aborted() -> None:
    async def drain_and_abort() -> int:
        here, there = socket.socketpair()
        reader, writer = await asyncio.open_unix_connection(sock=here)
        nothing: Any = None
        connection = Connection(1, nothing, nothing, nothing, nothing, reader, writer)
        writer.write(b"x" * 10**7)  # more than the socket takes, so that it closes later
        writer.close()
        count = await asyncio.to_thread(read_all, there)
        await writer.wait_closed()
        connection.abort()
        connection.abort()
        there.close()
        return count

    assert asyncio.run(drain_and_abort()) == 10**7
