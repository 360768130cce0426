"""Writing a run folder while the run goes on: its files of lines, and its checkpoints.

What the files hold and how they are read, `record_reading` says.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from tuitrain.errors import TuitrainError

from ..atomic_io import appending, cut_torn_line, hold_alone, write_whole
from ..run.group_metrics import GroupMetrics, GroupMetricsThinner, ReadGroups
from ..run.session_state import SessionState
from ..run.snapshot import EndReason, JournalEntry
from .checkpoint_file import (
    Checkpoint,
    CheckpointError,
    Position,
    checkpoint_path,
    encode_checkpoint,
)
from .record_cut import cut_record
from .record_reader import GROUPS, HEADER, JOURNAL, METRICS, Header, read_groups, record_position


class RecordWriter:
    """Writes a run folder while the run goes on.

    Parameters
    ----------
    folder : made if need be; one that holds a run already is refused, unless ``again``
    header : what is run
    again : go on with the record that is there, after its last whole line; else one is begun
    files : closes the files; left with an error before there was a line, it takes the folder back

    Raises
    ------
    TuitrainError : the folder cannot be written to, holds a run, or another process writes there

    Attributes
    ----------
    problem : why nothing more is written, as when the disk is full; "" while all is well
    position : how much of the record there is
    """

    def __init__(self, folder: Path, header: Header, files: ExitStack, again: bool = False) -> None:
        self.problem = ""
        self.position = Position()
        self._folder = folder
        self._header = header
        if not again:
            _check_free(folder)
        made = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._journal = files.enter_context(appending(folder / JOURNAL))
            hold_alone(self._journal, folder)
            if not again:
                _check_free(folder)  # somebody may have begun in the meantime
                files.push(partial(self._leave_nothing, made))
                self._write_header()
            self._metrics = files.enter_context(appending(folder / METRICS))
            self._groups = files.enter_context(appending(folder / GROUPS))
            for name in (JOURNAL, METRICS, GROUPS):
                cut_torn_line(folder / name)
        except OSError as error:
            raise TuitrainError(f"{folder} cannot be written: {error.strerror}") from None
        if again:
            self.position = record_position(folder)
        self._thinning = GroupMetricsThinner(_last_look(folder) if again else None)

    def command(self, entry: JournalEntry) -> None:
        """Write a command down, and see it to the disk.

        A breakpoint's pause is not waited for: it follows from the run, and an fsync takes
        milliseconds, many times as long as a step.
        """
        record = {
            "event": "command",
            "step": entry.step,
            "command": entry.command,
            "actor": entry.actor,
            "outcome": entry.outcome,
            "message": entry.message,
        }
        self._write(self._journal, record, to_disk=entry.actor != "breakpoint")
        self._moved(journal=1)

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Write losses down."""
        self._write(self._metrics, {"event": "loss", "step": first_step, "loss": list(losses)})
        self._moved(metrics=len(losses))

    def accuracy(self, step: int, accuracy: float) -> None:
        """Write an accuracy down."""
        self._write(self._metrics, {"event": "accuracy", "step": step, "accuracy": accuracy})
        self._moved(metrics=1)

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Write down what the groups look like, unless that was done not long ago."""
        if not self.problem and (record := self._thinning.sample(step, branch, read_groups, last)):
            self._write(self._groups, record)

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Write digests down."""
        record = {"event": "digest", "step": step, "branch": branch, "digests": dict(digests)}
        self._write(self._journal, record)
        self._moved(journal=1)

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Write down why the run ends, and digests, and see them to the disk.

        A run that ends by an error or a signal before anything is recorded leaves no record.
        """
        if reason in ("failed", "interrupted") and self.position == Position():
            return
        record = {"event": "end", "step": step, "branch": branch, "reason": reason}
        self._write(self._journal, {**record, "digests": dict(digests)}, to_disk=True)
        self._moved(journal=1)

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Add to the header what the model and the data are made from.

        Raises
        ------
        TuitrainError : the header cannot be written
        """
        self._header = msgspec.structs.replace(self._header, provenance=dict(get_provenance()))
        self._write_header()

    def continue_changed(
        self, position: Position, step: int, changes: Sequence[str], provenance: Mapping[str, str]
    ) -> None:
        """Cut the record back, and write down that what follows is trained with something else.

        What is cut off is kept in files beside the record, ``journal.jsonl.before-1`` and so on.

        Parameters
        ----------
        position : what is kept of the record
        step : the steps that the run has taken there
        changes : what has changed, in words
        provenance : what model and data are made from now

        Raises
        ------
        TuitrainError : the record cannot be cut
        """
        try:
            cut_record(self._folder, position, step)
        except OSError as error:
            raise TuitrainError(
                f"{self._folder} cannot be cut, and is as it was: {error.strerror}"
            ) from None
        self.position = position
        record = {"event": "changed", "step": step, "metrics": position.metrics}
        record |= {"changes": list(changes), "provenance": dict(provenance)}
        self._write(self._journal, record, to_disk=True)
        self._moved(journal=1)

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Write a checkpoint file that goes on at the end of what is written."""
        return self.checkpoint_at(self.position, name, get_state)

    def checkpoint_at(
        self, position: Position, name: str, get_state: Callable[[], SessionState]
    ) -> str:
        """Write a checkpoint file that goes on at a position of the record; see `Recorder`."""
        if self.problem:
            raise CheckpointError(f"no checkpoint can be written, for {self.problem}")
        made = Checkpoint(self._header.run(), self._header.environment, position, get_state())
        path = checkpoint_path(self._folder, name)
        try:
            # Never may a checkpoint be on the disk, and what leads to it not.
            for file in (self._journal, self._metrics):
                os.fsync(file.fileno())
            path.parent.mkdir(exist_ok=True)
            write_whole(path, encode_checkpoint(made))
        except OSError as error:
            raise CheckpointError(
                f"checkpoint {name!r} cannot be written: {error.strerror}"
            ) from None
        return str(path.relative_to(self._folder))

    def _write_header(self) -> None:
        try:
            content = msgspec.json.format(msgspec.json.encode(self._header))
            write_whole(self._folder / HEADER, content)
        except OSError as error:
            raise TuitrainError(f"{self._folder} cannot be written: {error.strerror}") from None

    def _leave_nothing(self, made: bool, kind: type[BaseException] | None, *_: object) -> None:
        """Take the folder back if the run has failed, or was ended, before there was any of it."""
        if kind is None or not issubclass(kind, (Exception, KeyboardInterrupt)):
            return
        if self.position == Position():
            with suppress(OSError):
                for name in (HEADER, JOURNAL, METRICS, GROUPS):
                    (self._folder / name).unlink(missing_ok=True)
                if made:
                    self._folder.rmdir()

    def _moved(self, journal: int = 0, metrics: int = 0) -> None:
        at = self.position
        self.position = Position(at.journal + journal, at.metrics + metrics)

    def _write(self, file: BinaryIO, record: Mapping[str, Any], to_disk: bool = False) -> None:
        """Write one line, with one unbuffered call: a process killed has written it or has not.

        The first line that cannot be written is the last: the training goes on without a record.
        """
        if self.problem:
            return
        try:
            line = msgspec.json.encode(record) + b"\n"
            if file.write(line) < len(line):  # there was room for a part of it
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if to_disk:
                os.fsync(file.fileno())
        except OSError as error:
            self.problem = f"the record ends here: {error.strerror}"


def _check_free(folder: Path) -> None:
    if (folder / HEADER).exists():
        raise TuitrainError(f"{folder} holds a run already; name another folder")


def _last_look(folder: Path) -> GroupMetrics | None:
    """Return what was written last of the groups; None if that cannot be read."""
    with suppress(TuitrainError):
        looks = read_groups(folder)
        return looks[-1] if looks else None
    return None
