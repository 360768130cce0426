"""The side of rank 0 in the watch over the ranks: it hears from all, and tells all who is lost."""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

from tuitrain.after_fork import disconnect
from tuitrain.errors import RunFailedError

from .liveness import FAILED, INTERRUPTED, LEFT, SIGN, Liveness


@dataclass
class _Peer:
    """A connection of rank 0 to another rank."""

    rank: int = -1
    heard_at: float = field(default_factory=time.monotonic)
    received: bytes = b""
    has_left: bool = False


class LeaderLiveness(Liveness):
    """The side of rank 0.

    Parameters
    ----------
    size : the number of ranks
    timeout : see `Liveness`
    """

    def __init__(self, size: int, timeout: float) -> None:
        super().__init__(timeout)
        self._size = size
        self._token = secrets.token_hex(16)
        host = os.environ.get("MASTER_ADDR") or "127.0.0.1"
        self._server = _listen(host)
        self.address = f"{host} {self._server.getsockname()[1]} {self._token}"
        self._server.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._peers: dict[socket.socket, _Peer] = {}
        self._gone: list[_Peer] = []
        self._has_been_complete = size == 1

    def leave(self) -> None:
        """Do nothing: the other ranks wait for the end of the run."""

    def report(self, word: str, text: str) -> None:
        """Tell the other ranks why the run ends, unless it has ended before."""
        if not self._is_closed:
            self._tell(f"{word} rank 0 {text}")

    def close(self) -> None:
        """End the connections."""
        self._is_closed = True
        self._tell(LEFT)

    def after_fork(self) -> None:
        """Leave the connections to the parent process."""
        for item in (self._server, *self._peers):
            disconnect(item.fileno())

    def _run(self) -> None:
        began = last = time.monotonic()
        while not self._is_closed and not self.lost:
            for key, _ in self._selector.select(self._interval):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                self._accept() if connection is self._server else self._read(connection)
            now = time.monotonic()
            if now - last > self.timeout / 2:  # this process was suspended
                for peer in (*self._peers.values(), *self._gone):
                    peer.heard_at = now
            last = now
            self._tell("")
            self._find_silent(now, began)

    def _accept(self) -> None:
        with suppress(OSError):
            connection, _ = self._server.accept()
            connection.setblocking(False)
            self._peers[connection] = _Peer()
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        peer = self._peers[connection]
        try:
            content = connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            content = b""
        peer.heard_at = time.monotonic()
        *lines, peer.received = (peer.received + content).split(b"\n")
        for line in lines:
            self._take(peer, line.decode("utf-8", "replace"))
        if not content or len(peer.received) > 65536:
            self._drop(connection, peer)

    def _take(self, peer: _Peer, line: str) -> None:
        word, _, rest = line.partition(" ")
        if peer.rank < 0:
            rank, _, token = rest.partition(" ")
            if word == "hello" and rank.isdigit() and secrets.compare_digest(token, self._token):
                peer.rank = int(rank)
        elif word in (FAILED, INTERRUPTED) and not self.lost:
            self._end_with(f"rank {peer.rank} {rest}", word)
        elif word == LEFT:
            peer.has_left = True

    def _drop(self, connection: socket.socket, peer: _Peer) -> None:
        self._selector.unregister(connection)
        del self._peers[connection]
        connection.close()
        if peer.has_left:
            self._gone.append(peer)
        elif peer.rank > 0 and not self.lost and not self._is_closed:
            self._end_with(f"rank {peer.rank} has died: its process has ended without a word")

    def _find_silent(self, now: float, began: float) -> None:
        for peer in (*self._peers.values(), *self._gone):
            if peer.rank <= 0 or now - peer.heard_at <= self.timeout:
                continue
            if peer.has_left:
                self._end_without(peer)
            else:
                self._end_with(
                    f"rank {peer.rank} has given no sign of life for {self.timeout:g} s: its "
                    "process hangs, or its machine is not reached"
                )
        known = (*self._peers.values(), *self._gone)
        missing = {*range(1, self._size)} - {peer.rank for peer in known}
        self._has_been_complete = self._has_been_complete or not missing
        if not self._has_been_complete and now - began > self.timeout:
            self._end_with(f"rank {min(missing)} has not connected to rank 0")

    def _explain_ended(self) -> str:
        """Return which rank has ended; see `Liveness`. An operation with it fails at once."""
        return next(map(_describe_ended, self._gone), "")

    def _end_without(self, peer: _Peer) -> None:
        """End the run because the loop of a rank has ended, unless it has taken its last step."""
        if not self.has_session_ended.is_set():
            self._end_with(_describe_ended(peer))

    def _end_with(self, reason: str, word: str = FAILED) -> None:
        if not self.lost and not self._is_closed:
            self._tell(f"{word} {reason}")
            self._lose(reason, word == INTERRUPTED)

    def _tell(self, line: str) -> None:
        for connection in list(self._peers):
            with suppress(OSError):
                connection.send(line.replace("\n", " ").encode() + SIGN)


def _describe_ended(peer: _Peer) -> str:
    return (
        f"rank {peer.rank} has ended its loop, and rank 0 has not: every rank takes the same "
        "number of steps, also under Join"
    )


def _listen(host: str) -> socket.socket:
    """Return a socket that listens at an address of this machine, or else at all of them."""
    for name in (host, ""):
        with suppress(OSError):
            family = socket.getaddrinfo(name or None, 0, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((name, 0), family=family, backlog=1024)
    raise RunFailedError(f"rank 0 cannot listen for the other ranks at {host}")
