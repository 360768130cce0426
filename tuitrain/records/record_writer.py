"""Writing the record of a run: its header, its files of lines, its checkpoints, its summary.

`record_reader` describes the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tuitrain.atomic_io import write_atomic
from tuitrain.engines.inspection import NetworkView
from tuitrain.errors import CheckpointError, TuitrainError
from tuitrain.run.group_metrics import GroupMetrics, GroupMetricsThinner, ReadGroups
from tuitrain.run.journal_entry import MIN_OUTSIDE_TICKET
from tuitrain.run.recorder import RECORD_ENDS
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import EndReason, JournalEntry, ScheduledCommand

from .checkpoint_file import Checkpoint, Position, checkpoint_path, encode_checkpoint
from .line_file import LineFile
from .network_file import NETWORK, write_network
from .observer import NULL_OBSERVER, RecordObserver
from .record_cut import cut_record
from .record_format import metric_fields
from .record_reader import (
    GROUPS,
    HEADER,
    JOURNAL,
    METRICS,
    SUMMARY,
    Header,
    read_groups,
    record_position,
)
from .scheduled_file import SCHEDULED, write_scheduled
from .summary import write_summary


class RecordWriter:
    """A recorder that writes a run folder.

    Parameters
    ----------
    folder : created if it does not exist; one with a run is refused, unless ``resume``
    header : the header of the record
    stack : at its end the record is closed and its summary written; after an error before the first
        line, the folder is removed
    resume : append to an existing record, after its last whole line
    observer : receives each new line before it is written

    Raises
    ------
    TuitrainError : the folder cannot be written, has a run, or another process writes it

    Attributes
    ----------
    problem : why nothing more is written, such as a full disk or removed files; or ""
    position : the end of the record
    """

    def __init__(
        self,
        folder: Path,
        header: Header,
        stack: ExitStack,
        resume: bool = False,
        observer: RecordObserver = NULL_OBSERVER,
    ) -> None:
        self.problem = ""
        self._observer = observer
        self._has_traced = False
        self.position = Position()
        self._folder = folder
        self._header = header
        if not resume:
            _check_free(folder)
        is_new = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._journal = stack.enter_context(LineFile(folder / JOURNAL))
            self._journal.lock()
            if not resume:
                _check_free(folder)  # another process may have started meanwhile
                stack.push(partial(self._remove_unless_begun, is_new))
                self._write_header()
            self._metrics = stack.enter_context(LineFile(folder / METRICS))
            self._groups = stack.enter_context(LineFile(folder / GROUPS))
            for file in (self._journal, self._metrics, self._groups):
                file.cut_torn_line()
        except OSError as error:
            raise TuitrainError(f"{folder} cannot be written: {error.strerror}") from None
        if resume:
            self.position = record_position(folder)
        self._thinning = GroupMetricsThinner(_last_group_metrics(folder) if resume else None)
        stack.callback(self._write_summary)

    def command(self, entry: JournalEntry) -> None:
        """Write a command, and wait until it is on disk.

        It does not wait for a breakpoint's pause, which follows from the run: an fsync takes
        milliseconds, many times as long as a step.
        """
        self._observer.command(entry)
        record = {
            "event": "command",
            "step": entry.step,
            "command": entry.command,
            "actor": entry.actor,
            "outcome": entry.outcome,
            "message": entry.message,
        }
        if entry.why:
            record["why"] = entry.why
        if entry.ticket >= MIN_OUTSIDE_TICKET:
            record["id"] = entry.ticket
        self._write(self._journal, record, sync=entry.actor != "breakpoint")
        self._advance(journal=1)

    def scheduled(self, commands: Sequence[ScheduledCommand]) -> None:
        """Replace the commands that wait for their steps."""
        if self.problem:
            return
        try:
            write_scheduled(self._folder, commands)
        except OSError as error:
            self.problem = f"{RECORD_ENDS}: {error.strerror}"

    def network(self, view: NetworkView) -> None:
        """Write the network, once as it was defined, and once as it was traced.

        A record that has one already keeps it until there is a traced one.
        """
        is_traced = not view.note
        if self._has_traced or self.problem:
            return
        if is_traced or not (self._folder / NETWORK).exists():
            with suppress(OSError, UnicodeError):  # the training is worth more than this file
                write_network(self._folder, view)
        self._has_traced = is_traced

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Write losses."""
        self._observer.losses(first_step, losses)
        self._write(self._metrics, {"event": "loss", "step": first_step, "loss": list(losses)})
        self._advance(metrics=len(losses))

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Write the metrics of the test set, a line for each."""
        self._observer.metrics(step, values)
        for name, value in values.items():
            self._write(self._metrics, metric_fields(step, name, value))
            self._advance(metrics=1)

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Write the groups' metrics, if they are due."""
        if record := self._thinning.sample(step, branch, read_groups, last):
            self._observer.groups(msgspec.convert(record, GroupMetrics))
            self._write(self._groups, record)

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Write digests."""
        record = {"event": "digest", "step": step, "branch": branch, "digests": dict(digests)}
        self._write(self._journal, record)
        self._advance(journal=1)

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Write why the run ends, with digests, and wait until they are on disk.

        A run that ends by an error or a signal before its first line leaves no record.
        """
        if reason in ("failed", "interrupted") and self.position == Position():
            return
        record = {"event": "end", "step": step, "branch": branch, "reason": reason}
        self._write(self._journal, {**record, "digests": dict(digests)}, sync=True)
        self._advance(journal=1)

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Add the provenance of model and data to the header.

        Raises
        ------
        TuitrainError : the header cannot be written
        """
        self._header = msgspec.structs.replace(self._header, provenance=dict(get_provenance()))
        self._write_header()

    def continue_changed(
        self, position: Position, step: int, changes: Sequence[str], provenance: Mapping[str, str]
    ) -> None:
        """Cut the record back, and write that the run continues there with changes.

        The former files are copied to ``journal.jsonl.before-1`` etc.

        Parameters
        ----------
        position : the end of the record that stays
        step : the steps taken at the position
        changes : what has changed, in words
        provenance : the new provenance of model and data

        Raises
        ------
        TuitrainError : the record cannot be cut
        """
        try:
            cut_record(self._folder, position, step)
        except OSError as error:
            raise TuitrainError(
                f"{self._folder} cannot be cut, and is unchanged: {error.strerror}"
            ) from None
        self.position = position
        record = {"event": "changed", "step": step, "metrics": position.metrics}
        record |= {"changes": list(changes), "provenance": dict(provenance)}
        self._write(self._journal, record, sync=True)
        self._advance(journal=1)

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Write a checkpoint file for the end of the record; see `Recorder`."""
        return self.checkpoint_at(self.position, name, get_state)

    def checkpoint_at(
        self, position: Position, name: str, get_state: Callable[[], SessionState]
    ) -> str:
        """Write a checkpoint file for a position of the record; see `Recorder`."""
        if self.problem:
            raise CheckpointError(f"no checkpoint can be written: {self.problem}")
        state = get_state()
        content = Checkpoint(self._header.run(), self._header.environment, position, state)
        path = checkpoint_path(self._folder, name)
        try:
            # A checkpoint must never be on disk without the lines before it.
            for file in (self._journal, self._metrics):
                file.sync()
            path.parent.mkdir(exist_ok=True)
            write_atomic(path, encode_checkpoint(content))
        except OSError as error:
            raise CheckpointError(
                f"checkpoint {name!r} cannot be written: {error.strerror}"
            ) from None
        self._observer.checkpoint(name, state)
        return str(path.relative_to(self._folder))

    def _write_header(self) -> None:
        try:
            content = msgspec.json.format(msgspec.json.encode(self._header))
            write_atomic(self._folder / HEADER, content)
        except OSError as error:
            raise TuitrainError(f"{self._folder} cannot be written: {error.strerror}") from None

    def _write_summary(self) -> None:
        """Write the summary of the record; without one, lists of runs search the record."""
        if not self.problem and self.position != Position():
            with suppress(OSError):
                write_summary(self._folder, self._header)

    def _remove_unless_begun(
        self, is_new: bool, kind: type[BaseException] | None, *_: object
    ) -> None:
        """Remove the folder if the run failed, or was ended, before its first line."""
        if kind is None or not issubclass(kind, (Exception, KeyboardInterrupt)):
            return
        if self.position == Position():
            with suppress(OSError):
                for name in (HEADER, JOURNAL, METRICS, GROUPS, SCHEDULED, SUMMARY, NETWORK):
                    (self._folder / name).unlink(missing_ok=True)
                if is_new:
                    self._folder.rmdir()

    def _advance(self, journal: int = 0, metrics: int = 0) -> None:
        at = self.position
        self.position = Position(at.journal + journal, at.metrics + metrics)

    def _write(self, file: LineFile, record: Mapping[str, Any], sync: bool = False) -> None:
        """Write one line.

        After a failed write no more lines are written; the training continues.
        """
        if self.problem:
            return
        try:
            file.append(msgspec.json.encode(record) + b"\n")
            if sync:
                file.sync()
        except OSError as error:
            self.problem = f"{RECORD_ENDS}: {error.strerror}"


def _check_free(folder: Path) -> None:
    if (folder / HEADER).exists():
        raise TuitrainError(f"{folder} holds a run already; name another folder")


def _last_group_metrics(folder: Path) -> GroupMetrics | None:
    """Return the last group metrics written; None if they cannot be read."""
    with suppress(TuitrainError):
        metrics = read_groups(folder)
        return metrics[-1] if metrics else None
    return None
