"""A program whose run is lost, or cannot be understood: exit status 3."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.app.fake import running
from tests.remote.runs import TIMEOUT
from tests.remote.sent_bytes import OTHER_VERSION, WELCOME, SentBytes, frames
from tuitrain.cli import main
from tuitrain.remote.client import find_endpoint
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.control.questions import listed_run
from tuitrain.remote.errors import ConnectionProblem
from tuitrain.remote.local.live_entry import RunFacts
from tuitrain.remote.local.live_runs import LiveRunRow
from tuitrain.remote.server.status import make_status
from tuitrain.remote.snapshots import SharedParts, SnapshotEncoder
from tuitrain.remote.wire.messages import Farewell, SnapshotMessage


def shown() -> SnapshotMessage:
    return SnapshotMessage(1, SnapshotEncoder(SharedParts()).encode(running()))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Last login: today\n", ["status"]),
        (frames(OTHER_VERSION), ["status"]),
        (frames(OTHER_VERSION), ["lr * x0.5"]),
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
    with closing(SentBytes(data, ends=True)) as endpoint:
        monkeypatch.setattr(find_endpoint, "endpoint_of", lambda _: endpoint)
        assert main(["ctl", "run", *words]) == 3
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)


def test_a_wait_ends_with_the_run_or_is_an_error() -> None:
    left = frames(WELCOME, shown(), Farewell("the run was left"))
    with closing(SentBytes(left, ends=True)) as endpoint, ControlClient(endpoint, "x") as client:
        reply = client.wait("step 99999", TIMEOUT)
    assert (reply.met, reply.message) == (False, "the run was left")
    with closing(SentBytes(frames(WELCOME, shown()), ends=True)) as endpoint:
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
