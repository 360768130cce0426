"""The crew: peers' processes, kept from cell to cell as long as the same ones are wanted."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import ExitStack

from .peers import Peer
from .worker import Worker


class Crew:
    """Workers for one cell after the other; those of another crew are ended first."""

    def __init__(self) -> None:
        self._wanted: Hashable = None
        self._workers: list[Worker] = []
        self._running = ExitStack()

    def workers(
        self, peers: Sequence[Peer], threads: int, patience: float, variants: int, purpose: str
    ) -> list[Worker]:
        """Return a worker for each peer: those that there are if the last ask was the same.

        Parameters
        ----------
        peers : one may be there twice
        purpose : anything; another one means new processes
        """
        wanted = tuple(each.name for each in peers), threads, patience, variants, purpose
        if wanted != self._wanted:
            self.close()
            self._workers = [
                self._running.enter_context(Worker(peer, threads, patience, variants))
                for peer in peers
            ]
            self._wanted = wanted
        return self._workers

    def close(self) -> None:
        """End all processes."""
        self._running.close()
        self._wanted, self._workers = None, []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
