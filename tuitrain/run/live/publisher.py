"""The publisher of a live run: it holds the newest snapshot for other threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..logs.log_capture import LogCapture
from ..snapshot import Phase, RunInfo, Snapshot

SNAPSHOT_SECONDS = 1 / 25
"""The least number of seconds between two snapshots, for a viewer that reads in a loop. One is
built only after a viewer has read the last one; the screen reads 12 a second."""

SNAPSHOT_SHARE = 0.05
"""The largest share of the training's time for snapshots: one of a thousand groups takes 40 ms."""

MAX_SNAPSHOT_SECONDS = 0.5
"""Seconds after which a snapshot is built even if that exceeds `SNAPSHOT_SHARE`."""


class Publisher:
    """Holds the newest snapshot; any thread reads it, the run's thread replaces it.

    Parameters
    ----------
    info : what is known of the run before its session is built
    clock : seconds that only grow
    log : the log that snapshots contain, or None
    """

    def __init__(self, info: RunInfo, clock: Callable[[], float], log: LogCapture | None) -> None:
        self._clock = clock
        self._log = log
        self._condition = threading.Condition()
        self._snapshot = Snapshot(0, info, Phase.STARTING)
        self._was_read = True
        self._published_at = -1.0
        self._interval = SNAPSHOT_SECONDS

    @property
    def newest(self) -> Snapshot:
        """The newest snapshot."""
        return self._snapshot

    def read(self) -> Snapshot:
        """Return the newest snapshot, and request the next one."""
        self._was_read = True
        return self._snapshot

    def wait_for(self, condition: Callable[[Snapshot], bool], timeout: float | None) -> Snapshot:
        """Wait until the newest snapshot meets a condition, or for ``timeout`` seconds.

        Returns
        -------
        The newest snapshot, whether it meets the condition or not
        """
        with self._condition:
            self._condition.wait_for(lambda: condition(self._snapshot), timeout)
            return self._snapshot

    def publish(self, build: Callable[[float], Snapshot], now: bool = False) -> None:
        """Build a snapshot and show it, if one is due.

        Parameters
        ----------
        build : builds the snapshot, given the time; its version is replaced
        now : whether to build one even if none is due
        """
        start = self._clock()
        if not now and (not self._was_read or start - self._published_at < self._interval):
            return
        self._was_read = False
        self._show(build(start))
        self._published_at = self._clock()
        took = self._published_at - start
        self._interval = max(SNAPSHOT_SECONDS, min(took / SNAPSHOT_SHARE, MAX_SNAPSHOT_SECONDS))

    def update(self, **changes: Any) -> None:
        """Show the newest snapshot with some of its fields replaced."""
        self._show(replace(self._snapshot, **changes))

    def update_if_due(self, **changes: Any) -> None:
        """Do as `update`, at most every `SNAPSHOT_SECONDS`."""
        now = self._clock()
        if now - self._published_at >= SNAPSHOT_SECONDS:
            self._published_at = now
            self.update(**changes)

    def _show(self, snapshot: Snapshot) -> None:
        snapshot = replace(snapshot, version=self._snapshot.version + 1)
        if self._log is not None:
            snapshot = replace(snapshot, log=self._log.snapshot())
        with self._condition:
            self._snapshot = snapshot
            self._condition.notify_all()
