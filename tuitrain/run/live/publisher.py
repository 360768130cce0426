"""The publisher of a live run: it holds the newest snapshot for the viewers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tuitrain.engines.inspection import Inspection

from ..logs.log_capture import LogCapture
from ..snapshot import ParameterView, Phase, RunInfo, Snapshot, UpdatePreview

SNAPSHOT_SECONDS = 1 / 25
"""Minimum seconds between two snapshots, for a viewer that reads in a loop. One is
built only after a viewer has read the last one; the screen reads 12 a second."""

SNAPSHOT_SHARE = 0.05
"""The largest share of the training's time for snapshots: one of a thousand groups takes 40 ms."""

MAX_SNAPSHOT_SECONDS = 0.5
"""Seconds after which a snapshot is built even if that exceeds `SNAPSHOT_SHARE`."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """The contents of a snapshot for one viewer only; see `Snapshot`."""

    parameter: ParameterView | None = None
    inspection: Inspection | None = None
    preview: UpdatePreview | None = None


NO_VIEWS = Views()


@dataclass(frozen=True, slots=True, eq=False)
class Publication:
    """A snapshot as all viewers share it, and the views of each of them, by its number."""

    snapshot: Snapshot
    views: Mapping[int, Views] = field(default_factory=dict[int, Views])

    def snapshot_for(self, viewer: int) -> Snapshot:
        """Return the snapshot of a viewer, whose other fields are the shared ones."""
        views = self.views.get(viewer, NO_VIEWS)
        shared = self.snapshot
        if views is NO_VIEWS:
            return shared
        return replace(
            shared,
            parameter=views.parameter,
            inspection=views.inspection,
            preview=views.preview,
        )


class Publisher:
    """Holds the newest snapshot; any thread reads it, the run's thread replaces it.

    Parameters
    ----------
    info : the facts of the run that are known before its session is built
    clock : returns a monotonic time in seconds
    log : the log that snapshots contain, or None
    """

    def __init__(self, info: RunInfo, clock: Callable[[], float], log: LogCapture | None) -> None:
        self._clock = clock
        self._log = log
        self._condition = threading.Condition()
        self._newest = Publication(Snapshot(0, info, Phase.STARTING))
        self._was_read = True
        self._published_at = -1.0
        self._interval = SNAPSHOT_SECONDS
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._has_ended = threading.Event()

    @property
    def newest(self) -> Snapshot:
        """The newest snapshot, as all viewers share it."""
        return self._newest.snapshot

    @property
    def views(self) -> Mapping[int, Views]:
        """The views of each viewer in the newest snapshot, by its number."""
        return self._newest.views

    def read(self) -> Publication:
        """Return the newest snapshot, and request the next one."""
        self._was_read = True
        return self._newest

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call a function after each new snapshot, on the run's thread; it must return at once."""
        with self._condition:
            self._listeners = (*self._listeners, listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Stop calling a function; removing it again does nothing."""
        with self._condition:
            self._listeners = tuple(known for known in self._listeners if known != listener)

    def wait_for(
        self, condition: Callable[[Publication], bool], timeout: float | None
    ) -> Publication:
        """Wait until the newest snapshot meets a condition, or for ``timeout`` seconds.

        Returns
        -------
        The newest snapshot, whether it meets the condition or not
        """
        with self._condition:
            self._condition.wait_for(lambda: condition(self._newest), timeout)
            return self._newest

    def wait_for_end(self, timeout: float | None) -> bool:
        """Wait until the run has ended, or for ``timeout`` seconds; return whether it has.

        Unlike `wait_for`, it does not wake the thread at each snapshot: the run's thread would
        wait for it at a boundary.
        """
        return self._has_ended.wait(timeout)

    def publish(self, build: Callable[[], Publication], now: bool = False) -> None:
        """Build a snapshot and show it, if one is due.

        Parameters
        ----------
        build : builds the snapshot; its version is replaced
        now : whether to build one even if none is due
        """
        start = self._clock()
        if not now and (not self._was_read or start - self._published_at < self._interval):
            return
        self._was_read = False
        self._show(build())
        self._published_at = self._clock()
        took = self._published_at - start
        self._interval = max(SNAPSHOT_SECONDS, min(took / SNAPSHOT_SHARE, MAX_SNAPSHOT_SECONDS))

    def update(self, **changes: Any) -> None:
        """Show the newest snapshot with some of its fields replaced."""
        newest = self._newest
        self._show(replace(newest, snapshot=replace(newest.snapshot, **changes)))

    def update_if_due(self, **changes: Any) -> None:
        """Do as `update`, at most every `SNAPSHOT_SECONDS`."""
        now = self._clock()
        if now - self._published_at >= SNAPSHOT_SECONDS:
            self._published_at = now
            self.update(**changes)

    def _show(self, publication: Publication) -> None:
        changes: dict[str, Any] = {"version": self._newest.snapshot.version + 1}
        if self._log is not None:
            changes["log"] = self._log.snapshot()
        shown = replace(publication, snapshot=replace(publication.snapshot, **changes))
        with self._condition:
            self._newest = shown
            self._condition.notify_all()
        if shown.snapshot.phase.ended:
            self._has_ended.set()
        else:
            self._has_ended.clear()
        for listener in self._listeners:
            listener()
