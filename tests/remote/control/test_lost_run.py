"""A program whose run is lost, or cannot be understood: exit status 3."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

import pytest

from tests.app.fake import running
from tests.remote.runs import TIMEOUT
from tuitrain.cli import main
from tuitrain.remote.client import find_endpoint
from tuitrain.remote.client.endpoint import Link
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.control.questions import listed_run
from tuitrain.remote.errors import ConnectionProblem
from tuitrain.remote.local.live_entry import RunFacts
from tuitrain.remote.local.live_runs import LiveRunRow
from tuitrain.remote.server.status import make_status
from tuitrain.remote.snapshots import SharedParts, SnapshotEncoder
from tuitrain.remote.wire.frames import make_frame
from tuitrain.remote.wire.messages import (
    PROTOCOL_VERSION,
    Farewell,
    Reply,
    SnapshotMessage,
    Welcome,
    encode_message,
)

WELCOME = Welcome(PROTOCOL_VERSION, "run", "0123abcd", "/tmp/run", 1, "box")
OTHER = Welcome(PROTOCOL_VERSION + 1, "run", "0123abcd", "/tmp/run", 1, "box")


class Ending:
    """An endpoint whose run sends these bytes, and is gone."""

    label, is_local = "run", False

    def __init__(self, data: bytes) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._theirs.sendall(data)
        self._theirs.shutdown(socket.SHUT_WR)

    async def connect(self) -> Link:
        return Link(*await asyncio.open_connection(sock=self._ours))

    def close(self) -> None:
        self._theirs.close()


def frames(*messages: Reply) -> bytes:
    return b"".join(make_frame(encode_message(message)) for message in messages)


def shown() -> SnapshotMessage:
    return SnapshotMessage(1, SnapshotEncoder(SharedParts()).encode(running()))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Last login: today\n", ["status"]),
        (frames(OTHER), ["status"]),
        (frames(OTHER), ["lr * x0.5"]),
        (frames(WELCOME, shown()), ["wait", "--until", "end"]),
        (frames(WELCOME, SnapshotMessage(1, b"\xc1")), ["status"]),
    ],
    ids=("garbage", "another version", "a command to another version", "killed", "no snapshot"),
)
def test_a_run_that_is_lost_has_a_status_of_its_own(
    data: bytes,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with closing(Ending(data)) as endpoint:
        monkeypatch.setattr(find_endpoint, "endpoint_of", lambda _: endpoint)
        assert main(["ctl", "run", *words]) == 3
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)


def test_a_wait_ends_with_the_run_or_is_an_error() -> None:
    left = frames(WELCOME, shown(), Farewell("the run was left"))
    with closing(Ending(left)) as endpoint, ControlClient(endpoint, "x") as client:
        reply = client.wait("step 99999", TIMEOUT)
    assert (reply.met, reply.message) == (False, "the run was left")
    with closing(Ending(frames(WELCOME, shown()))) as endpoint:
        client = ControlClient(endpoint, "x")
        with client, pytest.raises(ConnectionProblem, match="the connection was lost"):
            client.wait("step 99999", TIMEOUT)


def test_a_list_says_why_a_run_is_no_longer_recorded() -> None:
    facts = RunFacts("0123abcd", "run", "/tmp/run", 1)

    def problem(note: str) -> str:
        return listed_run(LiveRunRow(facts, make_status(running(note=note), 0))).problem

    note = "the record ends here: journal.jsonl was removed"
    assert problem(note) == note
    assert problem("loss is not finite since step 3") == ""
