"""An endpoint whose run sends what a test gives it, and answers nothing."""

from __future__ import annotations

import asyncio
import socket

from tuitrain.remote.client.endpoint import Link
from tuitrain.remote.wire.frames import make_frame
from tuitrain.remote.wire.messages import PROTOCOL_VERSION, Reply, Welcome, encode_message

WELCOME = Welcome(PROTOCOL_VERSION, "run", "0123abcd", "/tmp/run", 1, "box")
OTHER_VERSION = Welcome(PROTOCOL_VERSION + 1, "run", "0123abcd", "/tmp/run", 1, "box")


def frames(*messages: Reply) -> bytes:
    return b"".join(make_frame(encode_message(message)) for message in messages)


class SentBytes:
    """An endpoint whose run sends these bytes; then it sends no more, or is gone if ``ends``."""

    label, is_local = "run", False

    def __init__(self, data: bytes, ends: bool) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._theirs.sendall(data)
        if ends:
            self._theirs.shutdown(socket.SHUT_WR)

    async def connect(self) -> Link:
        return Link(*await asyncio.open_connection(sock=self._ours))

    def close(self) -> None:
        self._theirs.close()
