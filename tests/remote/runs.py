"""Runs that tests watch: an engine that trains nothing, served to viewers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.run.fake_engine import FakeEngine
from tuitrain.remote.client.endpoint import SocketEndpoint
from tuitrain.remote.client.remote_source import RemoteSource
from tuitrain.remote.control.client import ControlClient
from tuitrain.remote.local.find_run import find_run
from tuitrain.remote.server.file_guard import Wait
from tuitrain.remote.server.run_server import RunServer
from tuitrain.remote.wire.frames import FrameReader, make_frame
from tuitrain.remote.wire.messages import PROTOCOL_VERSION, Hello, decode_reply, encode_message
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo

TIMEOUT = 60.0
"""Seconds after which a test fails that waits for an event."""

NO_END = 10**9
"""Steps of a run that only a test ends."""


@dataclass
class ServedRun:
    """A run of this process, and the means to look at it."""

    run: LiveRun
    server: RunServer
    engine: FakeEngine
    log: list[str]
    closing: ExitStack = field(default_factory=ExitStack)

    @property
    def id(self) -> str:
        return self.server.id

    def view(self, name: str = "laptop", **options: bool) -> RemoteSource:
        """Attach a viewer, and wait for its first snapshot of the trained run."""
        source = RemoteSource(SocketEndpoint(find_run(self.id)), name, **options).start()
        self.closing.callback(source.close)
        source.wait_for(lambda shown: shown.phase is not Phase.STARTING, TIMEOUT)
        assert source.received
        return source

    def control(self) -> ControlClient:
        """Return a program's connection, for a ``with`` block."""
        return ControlClient(SocketEndpoint(find_run(self.id)), "program")


@contextmanager
def served(
    folder: Path,
    total: int = NO_END,
    before_step: Callable[[int], None] = lambda _: None,
    paused: bool = True,
    make_session: Callable[[RunInfo], Session] | None = None,
    wait: Wait = asyncio.sleep,
) -> Iterator[ServedRun]:
    """Serve a run until the block is left; it is paused at its start unless ``paused`` is False.

    Parameters
    ----------
    make_session : makes the session of the run; None for one of a `FakeEngine`
    wait : see `RunServer`
    """
    engine, log = FakeEngine(before_step), []
    info = RunInfo("fake run", "fake", "none", 0, 4, 10, total)

    def build(_: object) -> Session:
        session = make_session(info) if make_session else Session(engine, info)
        if paused:
            session.phase = Phase.PAUSED
        return session

    run = LiveRun(build, info)
    server = RunServer(run, folder, "fake run", log.append, wait=wait)
    made = ServedRun(run, server, engine, log)
    with made.closing:
        made.closing.callback(run.close)
        made.closing.callback(server.close)
        server.start()
        run.start()
        yield made


def threads_of(name: str) -> int:
    """Return the number of threads with a name."""
    return sum(thread.name == name for thread in threading.enumerate())


class RawViewer:
    """A socket that sends bytes of its own choice."""

    def __init__(self, identity: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT)
        self._socket.connect(str(find_run(identity).socket))
        self._frames = FrameReader(1 << 24)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def greet(self, version: int = PROTOCOL_VERSION) -> None:
        self.send(make_frame(encode_message(Hello(version, "viewer", "raw"))))

    def read_until_end(self) -> list[object]:
        replies: list[object] = []
        try:
            while data := self._socket.recv(65536):
                replies += map(decode_reply, self._frames.feed(data))
        except ConnectionResetError:
            pass
        return replies

    def read(self, kind: type) -> object:
        while data := self._socket.recv(65536):
            for reply in map(decode_reply, self._frames.feed(data)):
                if isinstance(reply, kind):
                    return reply
        raise AssertionError(f"no {kind.__name__} came")

    def close(self) -> None:
        self._socket.close()
