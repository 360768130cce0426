"""The peers' processes, kept from cell to cell while the same ones are requested."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import ExitStack

from .peers import Peer
from .worker import Worker


class WorkerPool:
    """Workers for one cell after another; other settings replace them."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._workers: list[Worker] = []
        self._running = ExitStack()

    def workers(
        self, peers: Sequence[Peer], threads: int, timeout: float, variants: int, purpose: str
    ) -> list[Worker]:
        """Return a worker for each peer; the previous workers if the arguments are the same.

        Parameters
        ----------
        peers : a peer that is named twice has two workers
        purpose : any text; another text starts new processes
        """
        key = tuple(peer.name for peer in peers), threads, timeout, variants, purpose
        if key != self._key:
            self.close()
            self._workers = [
                self._running.enter_context(Worker(peer, threads, timeout, variants))
                for peer in peers
            ]
            self._key = key
        return self._workers

    def close(self) -> None:
        """End all processes."""
        self._running.close()
        self._key, self._workers = None, []

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
