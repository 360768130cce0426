"""A viewer that is stopped, or whose machine sleeps, costs the run nothing and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.remote.runs import NO_END, TIMEOUT, RawViewer, served
from tuitrain.commands import parse
from tuitrain.remote.client.endpoint import Link, SocketEndpoint
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.local.find_run import find_run
from tuitrain.remote.server.connection import MAX_UNREAD
from tuitrain.remote.wire.frames import make_frame
from tuitrain.remote.wire.messages import Ping, SnapshotMessage, encode_message

VIEWER = """
import sys
from tuitrain.remote.client.find_endpoint import endpoint_of
from tuitrain.remote.client.remote_source import RemoteSource

shown = 0

def print_new(snapshot):
    global shown
    if source.received > shown:
        shown = source.received
        print(snapshot.step, snapshot.loss.counts.sum(), flush=True)
    return False

source = RemoteSource(endpoint_of(sys.argv[1]), "stopped", read_only=True)
source.start().wait_for(print_new, 600)
"""

SILENCE = 3.0
"""Seconds after which a viewer counts as lost, here; each sends a ping a second."""

STEPS = 2000
"""Steps that a run takes while a viewer is stopped: thousands of times what a look takes."""


def start_viewer(identity: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", VIEWER, identity], stdout=subprocess.PIPE, text=True
    )


def read_to(lines: IO[str], step: int) -> list[tuple[int, int]]:
    """Return what a viewer shows, with the values of their curves, up to a step."""
    shown: list[tuple[int, int]] = []
    for line in lines:
        reached, length = map(int, line.split())
        shown.append((reached, length))
        if reached >= step:
            return shown
    raise AssertionError(f"the viewer has ended before step {step}, after {shown[-3:]}")


@pytest.mark.parametrize("is_thrown_out", [False, True])
def test_a_stopped_viewer_returns_with_what_it_missed(
    is_thrown_out: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_thrown_out:
        monkeypatch.setattr("tuitrain.remote.server.silence.SILENCE_SECONDS", SILENCE)
    with served(tmp_path, NO_END, paused=False) as made, start_viewer(made.id) as viewer:
        assert viewer.stdout is not None
        read_to(viewer.stdout, 1)
        viewer.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, viewer.pid, os.WSTOPPED)
        step = made.run.snapshot().step
        shown = made.run.wait_for(lambda shown: shown.step > step + STEPS, TIMEOUT)
        assert shown.step > step + STEPS, "the run is slower while a viewer is stopped"
        other = made.view("other", read_only=True)
        if is_thrown_out:
            other.wait_for(lambda shown: shown.attachment.viewers == 1, TIMEOUT)
            assert "a viewer was disconnected: stopped: no word for 3 s" in made.log
        target = made.run.snapshot().step
        viewer.send_signal(signal.SIGCONT)
        missed = read_to(viewer.stdout, target)
        old = [reached for reached, _ in missed if step < reached <= step + STEPS]
        assert len(old) <= MAX_UNREAD + 1, "frames were queued for a viewer that did not read"
        assert missed[-1][0] == missed[-1][1], "the curve has a gap"
        viewer.kill()


class SleepingEndpoint:
    """A run of this machine whose connections die, on demand, without an end of the stream."""

    label, is_local = "sleeping", True

    def __init__(self, identity: str) -> None:
        self.connections = 0
        self._endpoint = SocketEndpoint(find_run(identity))
        self._tasks: list[asyncio.Task[None]] = []
        self._dead = 0

    def die(self) -> None:
        """Pass nothing on over the present connection."""
        self._dead = self.connections

    async def connect(self) -> Link:
        link = await self._endpoint.connect()
        self.connections += 1
        reader = asyncio.StreamReader()
        task = asyncio.create_task(self._pass_on(self.connections, link.reader, reader))
        self._tasks.append(task)
        return Link(reader, link.writer)

    async def _pass_on(
        self, number: int, source: asyncio.StreamReader, target: asyncio.StreamReader
    ) -> None:
        while data := await source.read(1 << 16):
            if number > self._dead:
                target.feed_data(data)
        if number > self._dead:
            target.feed_eof()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def watched_asleep(folder: Path) -> Iterator[tuple[SleepingEndpoint, RemoteSource, Clock]]:
    """A source whose connection died an hour ago by its own clock, while the run took 40 steps."""
    clock = Clock()
    with served(folder) as made:
        endpoint = SleepingEndpoint(made.id)
        source = RemoteSource(endpoint, "laptop", clock=clock).start()
        made.closing.callback(source.close)
        source.wait_for(lambda _: source.received > 0, TIMEOUT)
        assert source.snapshot().attachment.delay is None
        endpoint.die()
        clock.now = 3600.0
        made.run.submit(parse("step 40"))
        made.run.wait_for(lambda shown: shown.step == 40, TIMEOUT)
        yield endpoint, source, clock


def test_a_screen_whose_machine_slept_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuitrain.remote.client.persistent_link.SILENCE_SECONDS", 600.0)
    with watched_asleep(tmp_path) as (_, source, clock):
        while (shown := source.snapshot()).attachment.delay is None:
            clock.now += 3600.0  # a message that was under way has come just now
        assert shown.step == 0
        assert shown.attachment.delay >= 3599.0


def test_a_screen_whose_machine_slept_connects_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuitrain.remote.client.persistent_link.SILENCE_SECONDS", 0.5)
    with watched_asleep(tmp_path) as (endpoint, source, _):
        shown = source.wait_for(
            lambda shown: (shown.step, shown.attachment.delay) == (40, None), TIMEOUT
        )
        assert (shown.step, len(shown.loss), shown.attachment.delay) == (40, 40, None)
        assert endpoint.connections >= 2


def test_a_viewer_that_vanished_does_not_keep_the_pen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path) as made:
        gone = RawViewer(made.id)
        gone.greet()
        gone.read(SnapshotMessage)
        other = made.view("desk", read_only=True)
        assert other.snapshot().attachment.pen == "raw"
        monkeypatch.setattr("tuitrain.remote.server.silence.SILENCE_SECONDS", SILENCE)
        gone.send(make_frame(encode_message(Ping(1))))  # its last word
        shown = other.wait_for(
            lambda shown: (shown.attachment.pen, shown.attachment.viewers) == ("", 1), TIMEOUT
        )
        assert (shown.attachment.pen, shown.attachment.viewers) == ("", 1)
        gone.close()
