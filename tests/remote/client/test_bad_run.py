"""A run that sends what cannot be read: one error, and no further attempt."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from tests.remote.runs import TIMEOUT
from tuitrain.remote.client.endpoint import Link
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.wire.frames import make_frame
from tuitrain.remote.wire.messages import (
    PROTOCOL_VERSION,
    Reply,
    SnapshotMessage,
    Welcome,
    encode_message,
)

WELCOME = Welcome(PROTOCOL_VERSION, "run", "0123abcd", "/tmp/run", 1, "box")
OLDER = Welcome(PROTOCOL_VERSION + 1, "run", "0123abcd", "/tmp/run", 1, "box")


class Scripted:
    """An endpoint whose run sends these bytes and then says nothing."""

    label, is_local = "run", False

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.ours, self.theirs = socket.socketpair()

    async def connect(self) -> Link:
        self.theirs.sendall(self._data)
        return Link(*await asyncio.open_connection(sock=self.ours))


def frames(*messages: Reply) -> bytes:
    return b"".join(make_frame(encode_message(message)) for message in messages)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Last login: today\n", "a frame has a length of"),
        (make_frame(b"\xc1"), "a message cannot be read"),
        (frames(OLDER), "the run speaks version 2 of the protocol"),
        (frames(WELCOME, SnapshotMessage(1, b"\xc1")), "snapshot"),
    ],
    ids=("no frame", "no message", "another version", "no snapshot"),
)
def test_what_cannot_be_read_is_one_error(data: bytes, reason: str) -> None:
    endpoint = Scripted(data)
    source = RemoteSource(endpoint, "laptop").start()
    source.wait_for(lambda _: False, TIMEOUT)
    assert reason in str(source.error)
    assert "\n" not in str(source.error)
    source.close()
    endpoint.theirs.close()
    assert not any(thread.name == "tuitrain-viewer" for thread in threading.enumerate())
