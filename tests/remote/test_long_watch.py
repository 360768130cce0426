"""The memory of a viewer is that of what it shows, however long it watches."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import tracemalloc

import pytest

from tests.remote.runs import TIMEOUT
from tests.remote.snapshots.generated_run import GeneratedRun
from tuitrain.remote.client.endpoint import Link
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.snapshots import SnapshotEncoder
from tuitrain.remote.wire.frames import MAX_REQUEST_BYTES, FrameReader, make_frame
from tuitrain.remote.wire.messages import (
    PROTOCOL_VERSION,
    Pong,
    Received,
    SnapshotMessage,
    Welcome,
    decode_request,
    encode_message,
)

STEPS_A_FRAME = 1000
FRAMES_A_ROUND = 50
ROUNDS = int(os.environ.get("TUITRAIN_WATCHED_ROUNDS", "6"))
"""Rounds of a run, each of which takes 50,000 steps."""

BYTES_A_ROUND = 16 * STEPS_A_FRAME * FRAMES_A_ROUND
"""Memory that the loss of the steps of a round would take."""


class Feed:
    """A run's side of a connection: it sends a snapshot when the last one was drawn."""

    label, is_local = "run", True

    def __init__(self) -> None:
        self.ours, self._theirs = socket.socketpair()
        self.ours.settimeout(TIMEOUT)
        self._frames = FrameReader(MAX_REQUEST_BYTES)
        self._encoder = SnapshotEncoder()
        self._sent = 0
        welcome = Welcome(PROTOCOL_VERSION, "run", "0123abcd", "/tmp/run", 1, "box")
        self.ours.sendall(make_frame(encode_message(welcome)))

    async def connect(self) -> Link:
        return Link(*await asyncio.open_connection(sock=self._theirs))

    def show(self, run: GeneratedRun) -> None:
        self._sent += 1
        message = SnapshotMessage(self._sent, self._encoder.encode(run.snapshot()))
        for reply in (message, Pong(self._sent)):
            self.ours.sendall(make_frame(encode_message(reply)))
        while True:
            for data in self._frames.feed(self.ours.recv(65536)):
                request = decode_request(data)
                if isinstance(request, Received) and request.number == self._sent:
                    return


def take_round(run: GeneratedRun, feed: Feed, goes_back: bool) -> None:
    """Let a run take steps, measure and print; it may also decide, and return to its first step."""
    for frame in range(FRAMES_A_ROUND):
        run.take_steps(STEPS_A_FRAME)
        run.measure(frame)
        run.print_lines(3)
        if goes_back and frame % 10 == 5:  # what is decided or looked at stays
            run.change_rate(frame)
            run.inspect(frame)
        feed.show(run)
    if goes_back:
        run.go_back(0)
        run.drop_branch(0)
    feed.show(run)


def held_bytes() -> int:
    """Return the memory of this process, without the curves and the journal of the run itself."""
    gc.collect()
    taken = tracemalloc.take_snapshot()
    own = [
        tracemalloc.Filter(False, f"*/tuitrain/run/{name}") for name in ("history/*", "journal*")
    ]
    return sum(trace.size for trace in taken.filter_traces(own).traces)


@pytest.mark.slow
@pytest.mark.parametrize("goes_back", [False, True])
def test_the_memory_of_a_viewer_is_flat(goes_back: bool) -> None:
    run, feed = GeneratedRun(), Feed()
    source = RemoteSource(feed, "laptop").start()
    tracemalloc.start()
    try:
        held: list[int] = []
        for _ in range(ROUNDS):
            take_round(run, feed, goes_back)
            held.append(held_bytes())
    finally:
        tracemalloc.stop()
        source.close()
        feed.ours.close()
    held = held[1:]  # in the first round, buffers get their size
    tenth = max(1, len(held) // 10)
    early, late = max(held[:tenth]), max(held[-tenth:])
    print(f"held: {early / 1e6:.2f} MB at first, {late / 1e6:.2f} MB at the end")
    assert source.received == ROUNDS * (FRAMES_A_ROUND + 1)
    assert late < early + BYTES_A_ROUND
