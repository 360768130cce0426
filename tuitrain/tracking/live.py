"""Logs of a live run: fed where its record is written, and written by a thread of their own.

The run's thread only puts lines into a queue. A fault of a log (a full disk, a library) is one
warning in the output of the run: that log ends there, and the run and its other logs do not.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Final

from tuitrain.after_fork import leave_to_parent
from tuitrain.commands import AUTO_CHECKPOINT
from tuitrain.errors import TuitrainError, describe_error
from tuitrain.records.observer import NULL_OBSERVER, RecordObserver
from tuitrain.records.record_reader import Header
from tuitrain.records.record_writer import RecordWriter
from tuitrain.run.group_metrics import GroupMetrics
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import JournalEntry
from tuitrain.scenario.schema import log_places
from tuitrain.scenario.verify import read_scenario
from tuitrain.user_paths import home_path

from .follower import RunFollower
from .formats import WriterGroup, check_available, live_target, make_writer
from .record_feed import RecordFeed
from .rows import BranchStart, Row, RowWriter
from .run_facts import run_facts

FLUSH_SECONDS: Final = 2.0
"""Seconds after which readers see what was written."""

CLOSE_SECONDS: Final = 60.0
"""Seconds in which the logs of a run that has ended are written to their end."""

MAX_WAITING: Final = 4_000_000
"""Maximum number of losses that wait to be written; a disk slower than the run ends the log."""

_LOGGER = logging.getLogger("tuitrain.log")


def open_record(
    folder: Path, header: Header, files: ExitStack, places: Mapping[str, str | bool]
) -> RecordWriter:
    """Begin the record of a run, and its logs.

    Parameters
    ----------
    folder, header, files : those of `RecordWriter`
    places : of the logs by format; see `start_logs`

    Raises
    ------
    TuitrainError : the record cannot be written, or the library of a format is not installed
    """
    observer = start_logs(folder, header, files, places)
    return RecordWriter(folder, header, files, observer=observer)


def start_logs(
    folder: Path,
    header: Header,
    files: ExitStack,
    places: Mapping[str, str | bool],
    continues: bool = False,
) -> RecordObserver:
    """Begin the logs of a run; they are closed with its files.

    Parameters
    ----------
    folder : of the record
    places : a folder for each format, relative to that of the run; True for that of the record, and
        False for no log
    continues : whether the record has lines already, with which the logs begin again

    Raises
    ------
    TuitrainError : the library of a format is not installed, or a place is not a path
    """
    targets: dict[str, Path] = {}
    for name, place in places.items():
        if place is False:
            continue
        check_available(name)
        parent = folder if place is True else Path(header.directory) / home_path(str(place))
        targets[name] = live_target(name, parent, folder)
    if not targets:
        return NULL_OBSERVER
    live = LiveLogs(targets, folder, header, continues)
    files.callback(live.close)
    return live


def continue_logs(folder: Path, files: ExitStack) -> RecordObserver:
    """Begin the logs of a recorded run again, with its record, because the run continues.

    Raises
    ------
    TuitrainError : the folder has no run, or the library of a format is not installed
    """
    header, scenario = read_scenario(folder)
    return start_logs(folder, header, files, log_places(scenario.log), continues=True)


class LiveLogs:
    """Observes a record, and writes its logs in a thread, which its first line starts.

    Parameters
    ----------
    targets : by format; see `make_writer`
    folder : of the record
    header : of the record
    continues : whether the logs begin with the lines that the record has already
    warn : takes the sentence about a fault
    clock : returns seconds since 1970
    """

    def __init__(
        self,
        targets: Mapping[str, Path],
        folder: Path,
        header: Header,
        continues: bool = False,
        warn: Callable[[str], None] = _LOGGER.warning,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._targets, self._folder, self._header = targets, folder, header
        self._continues, self._warn, self._clock = continues, warn, clock
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._put_losses = self._written_losses = 0
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._time = 0.0
        leave_to_parent(self)

    def after_fork(self) -> None:
        """Leave the logs to the parent; called in a forked child."""
        self._is_closed = True

    def command(self, entry: JournalEntry) -> None:
        """Write a command."""
        self._put(lambda follower: follower.command(entry))

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Write losses."""
        values = tuple(losses)
        self._put(lambda follower: follower.losses(first_step, values), len(values))

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Write the metrics of the test set."""
        known = dict(values)
        self._put(lambda follower: follower.metrics(step, known))

    def groups(self, line: GroupMetrics) -> None:
        """Write the metrics of the groups."""
        self._put(lambda follower: follower.groups(line))

    def checkpoint(self, name: str, state: SessionState) -> None:
        """Write histograms of a checkpoint, unless it is the automatic one."""
        engine = state.engine
        if name != AUTO_CHECKPOINT:
            self._put(lambda to: to.arrays(engine.step, engine.parameters, engine.gradients))

    def close(self) -> None:
        """Write what is left, and close the logs; wait for that, but not without end."""
        if self._is_closed or self._thread is None:
            return
        self._is_closed = True
        self._items.put(None)
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            self._warn(f"the logs of the run are not whole: after {CLOSE_SECONDS:g} s more is left")

    def _put(self, feed: Callable[[RunFollower], None], losses: int = 0) -> None:
        if self._is_closed:
            return
        if self._thread is None:
            self._start()
        self._put_losses += losses
        if self._put_losses - self._written_losses > MAX_WAITING:
            self._warn("the logs of the run end here: they are written slower than it trains")
            self._items.put(None)
            self._is_closed = True
            return
        self._items.put((self._clock(), feed, losses))

    def _start(self) -> None:
        """Start the thread; of a run that continues, the record as it is now comes first."""
        if self._continues:
            try:
                record = RecordFeed(self._folder)
            except TuitrainError as error:
                self._warn(f"the logs begin only here: {error}")
            else:
                self._items.put((self._clock(), record.feed, 0))
        self._thread = threading.Thread(target=self._write, name="tuitrain-log", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        """Write the items of the queue; the thread of the logs."""
        facts = run_facts(self._folder, self._header)
        group = WriterGroup(
            _GuardedWriter(
                name, target, partial(make_writer, name, target, facts, replaces=True), self._warn
            )
            for name, target in self._targets.items()
        )
        try:
            self._follow(RunFollower(group, lambda: self._time), group)
        except Exception as error:  # such as a checkpoint that fills the memory
            self._warn(f"the logs of the run end here: {describe_error(error)}")
        group.close()

    def _follow(self, follower: RunFollower, group: WriterGroup) -> None:
        flushed = time.monotonic()
        while True:
            try:
                item = self._items.get(timeout=FLUSH_SECONDS)
            except queue.Empty:
                group.flush()
                continue
            if item is None:
                return
            self._time, feed, losses = item
            feed(follower)
            self._written_losses += losses
            if time.monotonic() - flushed > FLUSH_SECONDS:
                group.flush()
                flushed = time.monotonic()


_Item = tuple[float, Callable[[RunFollower], None], int]
"""The time of a line, what passes it on, and the number of losses in it."""


class _GuardedWriter:
    """A writer whose first fault ends it, with a warning; it is opened when its run begins."""

    def __init__(
        self,
        name: str,
        target: Path,
        open_writer: Callable[[], RowWriter],
        warn: Callable[[str], None],
    ) -> None:
        self._name, self._target, self._open, self._warn = name, target, open_writer, warn
        self._writer: RowWriter | None = None

    def begin(self, branch: BranchStart) -> None:
        """Begin a branch."""
        if not branch.parent:
            self._guard(self._open_writer)
        if (writer := self._writer) is not None:
            self._guard(lambda: writer.begin(branch))

    def write(self, branch: str, row: Row, time: float) -> None:
        """Write a row."""
        if self._writer is None:
            return
        try:
            self._writer.write(branch, row, time)
        except Exception as error:
            self._end(error)

    def flush(self) -> None:
        """Flush the log."""
        if self._writer is not None:
            self._guard(self._writer.flush)

    def close(self) -> None:
        """Close the log."""
        if self._writer is not None:
            self._guard(self._writer.close)

    def _open_writer(self) -> None:
        self._writer = self._open()

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # a library can fail in many ways
            self._end(error)

    def _end(self, error: Exception) -> None:
        """Write nothing more, and say why."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):  # the files of a full disk are closed all the same
                writer.close()
        reason = getattr(error, "strerror", None) or describe_error(error)
        self._warn(f"the log {self._name} in {self._target} ends here: {reason}")
