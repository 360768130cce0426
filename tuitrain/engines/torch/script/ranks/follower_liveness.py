"""The side of a rank from 1 on in the watch over the ranks: it has a connection to rank 0."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from tuitrain.after_fork import disconnect

from .liveness import FAILED, INTERRUPTED, LEFT, SIGN, Liveness


class FollowerLiveness(Liveness):
    """The side of a rank from 1 on.

    Parameters
    ----------
    rank : of this process
    address : of rank 0, as `LeaderLiveness.address` gives it
    timeout : see `Liveness`
    """

    def __init__(self, rank: int, address: str, timeout: float) -> None:
        super().__init__(timeout)
        host, port, token = address.split()
        self._connection = socket.create_connection((host, int(port)), timeout)
        self._connection.sendall(f"hello {rank} {token}\n".encode())
        self._connection.settimeout(self._interval)
        self._lock = threading.Lock()

    def leave(self) -> None:
        """Tell rank 0 that the loop of this rank has ended."""
        self._send(LEFT)

    def report(self, word: str, text: str) -> None:
        """Tell rank 0 why this rank ends, unless the run has ended before it."""
        if not self._is_closed:
            self._send(f"{word} {text}".replace("\n", " "))

    def close(self) -> None:
        """End the connection."""
        self._is_closed = True

    def after_fork(self) -> None:
        """Leave the connection to the parent process."""
        disconnect(self._connection.fileno())

    def _run(self) -> None:
        heard_at = last = time.monotonic()
        received = b""
        while not self._is_closed:
            self._send("")
            try:
                content = self._connection.recv(65536)
            except TimeoutError:
                content = None
            except OSError:
                content = b""
            now = time.monotonic()
            if content or now - last > self.timeout / 2:  # or this process was suspended
                heard_at = now
            last = now
            *lines, received = (received + (content or b"")).split(b"\n")
            for line in lines:
                self._take(line.decode("utf-8", "replace"))
            if self._is_closed:
                return
            if content == b"":
                self._lose("rank 0 has died: its process has ended without a word")
                return
            if now - heard_at > self.timeout:
                self._lose(f"rank 0 has given no sign of life for {self.timeout:g} s")
                return
            time.sleep(self._interval / 4)

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word in (FAILED, INTERRUPTED) and not self._is_closed:
            self._is_closed = True
            self._lose(rest, word == INTERRUPTED)
        elif word == LEFT:
            self._is_closed = True

    def _send(self, line: str) -> None:
        with suppress(OSError), self._lock:
            self._connection.sendall(line.encode() + SIGN)
