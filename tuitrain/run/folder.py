"""The run folder: what is left of a run on disk.

``header.json`` says what was run and what its bits depend on, ``journal.jsonl`` has the commands
and every so many steps digests, ``metrics.jsonl`` losses and accuracies, ``groups.jsonl`` what the
groups looked like now and then, ``checkpoints/`` states to go on from. A line is whole or it is the
last one: whoever reads passes over a torn end.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from tuitrain.decoding import decode_json
from tuitrain.encoding import text_of
from tuitrain.errors import TuitrainError, nearest

from .checkpoint import Checkpoint, CheckpointError, Position, as_bytes, checkpoint_file
from .courses import Looked, Take, Thinning
from .disk import appending, cut_torn_line, hold_alone, write_whole
from .record_cut import cut_journal, cut_metrics, cut_where, keep_copies
from .record_format import (
    JournalLine,
    MetricsLine,
    count_metrics,
    groups_lines,
    journal_lines,
    metrics_lines,
)
from .session_state import SessionState
from .snapshot import EndReason, JournalEntry

HEADER, JOURNAL, METRICS = "header.json", "journal.jsonl", "metrics.jsonl"
GROUPS = "groups.jsonl"


SCHEMA = 1
"""Of a header; checkpoints have one of their own."""


class _Schema(msgspec.Struct, frozen=True):
    """What every header has, of whichever schema."""

    schema: int


class Header(msgspec.Struct, frozen=True):
    """What was run.

    Attributes
    ----------
    scenario : the scenario, as it was resolved
    environment : what the bits depend on besides it
    directory : the working directory of the run, where its relative paths begin; "" is not known
    provenance : digests of the data and of the source files of model and data, by name; empty in
        records of versions that did not keep it
    """

    schema: int
    scenario: dict[str, Any]
    environment: dict[str, str]
    directory: str = ""
    provenance: dict[str, str] = {}

    def run(self) -> str:
        """Return a digest of what was run, which its checkpoints carry."""
        content = msgspec.json.encode(self.scenario, order="deterministic")
        return f"sha256:{hashlib.sha256(content).hexdigest()}"


_SCHEMA_DECODER: Final = msgspec.json.Decoder(_Schema)
_HEADER_DECODER: Final = msgspec.json.Decoder(Header)


class RunFolder:
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
            self.position = position_of(folder)
        self._thinning = Thinning(_last_look(folder) if again else None)

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

    def groups(self, step: int, branch: str, take: Take, last: bool = False) -> None:
        """Write down what the groups look like, unless that was done not long ago."""
        if not self.problem and (record := self._thinning.keep(step, branch, take, last)):
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

    def provenance(self, take: Callable[[], Mapping[str, str]]) -> None:
        """Add to the header what the model and the data are made from.

        Raises
        ------
        TuitrainError : the header cannot be written
        """
        self._header = msgspec.structs.replace(self._header, provenance=dict(take()))
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
        files = [self._folder / name for name in (JOURNAL, METRICS, GROUPS)]
        try:
            keep_copies(files)
            cut_journal(files[0], position.journal)
            cut_metrics(files[1], position.metrics)
            cut_where(files[2], lambda look: look.get("step", 0) <= step)
        except OSError as error:
            raise TuitrainError(f"{self._folder} cannot be cut: {error.strerror}") from None
        self.position = position
        record = {"event": "changed", "step": step, "changes": list(changes)}
        self._write(self._journal, {**record, "provenance": dict(provenance)}, to_disk=True)
        self._moved(journal=1)

    def checkpoint(self, name: str, take: Callable[[], SessionState]) -> str:
        """Write a checkpoint file that goes on at the end of what is written."""
        return self.checkpoint_at(self.position, name, take)

    def checkpoint_at(self, position: Position, name: str, take: Callable[[], SessionState]) -> str:
        """Write a checkpoint file that goes on at a position of the record; see `Recorder`."""
        if self.problem:
            raise CheckpointError(f"no checkpoint can be written, for {self.problem}")
        made = Checkpoint(self._header.run(), self._header.environment, position, take())
        path = checkpoint_file(self._folder, name)
        try:
            # Never may a checkpoint be on the disk, and what leads to it not.
            for file in (self._journal, self._metrics):
                os.fsync(file.fileno())
            path.parent.mkdir(exist_ok=True)
            write_whole(path, as_bytes(made))
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


def read_header(folder: Path) -> Header:
    """Read what was run.

    Raises
    ------
    TuitrainError : there is no run in the folder, or its header cannot be read
    """
    try:
        content = text_of((folder / HEADER).read_bytes(), folder / HEADER).encode()
    except FileNotFoundError:
        near = nearest(
            str(folder), [str(each.parent) for each in folder.parent.glob(f"*/{HEADER}")]
        )
        raise TuitrainError(f"{folder} holds no run: it has no {HEADER}{near}") from None
    except NotADirectoryError:
        raise TuitrainError(f"{folder} is a file, and not the folder of a run") from None
    except OSError as error:
        raise TuitrainError(f"{folder / HEADER} cannot be read: {error.strerror}") from None
    source = str(folder / HEADER)
    found = decode_json(content, _SCHEMA_DECODER, source).schema
    if found != SCHEMA:
        raise TuitrainError(f"{source} has schema {found}; this version reads {SCHEMA}")
    return decode_json(content, _HEADER_DECODER, source)


def read_journal(folder: Path) -> list[JournalLine]:
    """Read the journal's whole lines, oldest first; a torn last line is passed over.

    Raises
    ------
    TuitrainError : it cannot be read, or a line that is not the last is damaged
    """
    return journal_lines(folder / JOURNAL)


def read_metrics(folder: Path) -> list[MetricsLine]:
    """Read the whole lines of losses and accuracies, oldest first, as `read_journal` does.

    Raises
    ------
    TuitrainError : it cannot be read, or a line that is not the last is damaged
    """
    return metrics_lines(folder / METRICS)


def read_groups(folder: Path) -> list[Looked]:
    """Read what the groups looked like, as it was written; none where there is no such file.

    Raises
    ------
    TuitrainError : it cannot be read, or a line that is not the last is damaged
    """
    return groups_lines(folder / GROUPS)


def _last_look(folder: Path) -> Looked | None:
    """Return what was written last of the groups; None if that cannot be read."""
    with suppress(TuitrainError):
        looks = read_groups(folder)
        return looks[-1] if looks else None
    return None


def position_of(folder: Path) -> Position:
    """Return how much of a record there is.

    Raises
    ------
    TuitrainError : it cannot be read, or a line that is not the last is damaged
    """
    return Position(len(read_journal(folder)), count_metrics(read_metrics(folder)))


def _check_free(folder: Path) -> None:
    if (folder / HEADER).exists():
        raise TuitrainError(f"{folder} holds a run already; name another folder")
