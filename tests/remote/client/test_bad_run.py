"""A run that sends what cannot be read: one error, and no further attempt."""

from __future__ import annotations

import threading

import pytest

from tests.remote.runs import TIMEOUT
from tests.remote.sent_bytes import OTHER_VERSION, WELCOME, SentBytes, frames
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.wire.frames import make_frame
from tuitrain.remote.wire.messages import SnapshotMessage


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Last login: today\n", "a frame has a length of"),
        (make_frame(b"\xc1"), "a message cannot be read"),
        (frames(OTHER_VERSION), "the run speaks version 2 of the protocol"),
        (frames(WELCOME, SnapshotMessage(1, b"\xc1")), "snapshot"),
    ],
    ids=("no frame", "no message", "another version", "no snapshot"),
)
def test_what_cannot_be_read_is_one_error(data: bytes, reason: str) -> None:
    endpoint, before = SentBytes(data, ends=False), threading.enumerate()
    source = RemoteSource(endpoint, "laptop").start()
    source.wait_for(lambda _: False, TIMEOUT)
    assert reason in str(source.error)
    assert "\n" not in str(source.error)
    source.close()
    endpoint.close()
    for thread in threading.enumerate():
        if thread not in before and thread.name == "tuitrain-viewer":  # about to end
            thread.join(TIMEOUT)
            assert not thread.is_alive()
