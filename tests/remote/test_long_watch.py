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
ROUNDS = int(os.environ.get("TUITRAIN_WATCHED_ROUNDS", "5"))
"""Rounds of a run, each of which takes 50,000 steps and goes back to the first."""


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


def take_round(run: GeneratedRun, feed: Feed) -> None:
    """Let a run take steps, decide, print and measure; then return it to its first step."""
    for frame in range(FRAMES_A_ROUND):
        run.take_steps(STEPS_A_FRAME)
        run.measure(frame)
        run.print_lines(3)
        if frame % 10 == 5:
            run.change_rate(frame)
            run.inspect(frame)
        feed.show(run)
    run.go_back(0)
    run.drop_branch(0)
    feed.show(run)


def held_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.slow
def test_the_memory_of_a_viewer_is_flat() -> None:
    run, feed = GeneratedRun(), Feed()
    source = RemoteSource(feed, "laptop").start()
    tracemalloc.start()
    try:
        held: list[int] = []
        for _ in range(ROUNDS):
            take_round(run, feed)
            held.append(held_bytes())
    finally:
        tracemalloc.stop()
        source.close()
        feed.ours.close()
    tenth = max(1, ROUNDS // 10)
    early, late = max(held[:tenth]), max(held[-tenth:])
    print(f"held: {early / 1e6:.2f} MB at first, {late / 1e6:.2f} MB at the end")
    assert source.received == ROUNDS * (FRAMES_A_ROUND + 1)
    assert late < early + 200_000
