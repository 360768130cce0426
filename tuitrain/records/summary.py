"""The summary of a record, ``summary.json``: its outcome, so that lists need not search for it.

It is written when a run ends, and is not part of the record: no bit of a repetition depends on it.
It also has a digest of the scenario, and the sizes and a digest of the last bytes of journal and
metrics. If any of these differs from the folder, the summary belongs to another run, or the run
has continued since, and it is ignored.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from tuitrain.atomic_io import write_atomic
from tuitrain.engines.registry import IMPORTED_ENGINE
from tuitrain.errors import RefusedError
from tuitrain.run.snapshot import OPEN_END

from .outcome import Outcome, outcome_of_tails
from .record_format import CommandLine, DigestLine, EndLine
from .record_reader import JOURNAL, METRICS, SUMMARY, Header, read_header, read_journal
from .repetition import ends_by_planned_stop

_SCHEMA: Final = 1

_CHECKED: Final = 512
"""Bytes at the end of a file of lines that the summary's digest covers."""


class _FileState(msgspec.Struct, frozen=True):
    """The state of a file of lines, in a summary."""

    size: int
    tail: str


class _Summary(msgspec.Struct, frozen=True):
    schema: int
    run: str
    journal: _FileState
    metrics: _FileState
    outcome: Outcome


_DECODER: Final = msgspec.json.Decoder(_Summary)


def write_summary(folder: Path, header: Header) -> None:
    """Write the summary of a run that has ended, atomically.

    Raises
    ------
    OSError : it cannot be written, or the record cannot be read
    """
    summary = _Summary(
        _SCHEMA,
        header.run(),
        _file_state(folder / JOURNAL),
        _file_state(folder / METRICS),
        outcome_of_tails(folder, header.scenario),
    )
    content = msgspec.json.format(msgspec.json.encode(summary))
    # Without fsync: a summary that a power failure damages is ignored.
    write_atomic(folder / SUMMARY, content + b"\n", durable=False)


def read_outcome(folder: Path, header: Header) -> Outcome:
    """Return the outcome of a run, from its summary if that is up to date.

    Summaries of earlier versions call failed runs unfinished, and give a length to all runs.

    Raises
    ------
    OSError : a file of the record cannot be read
    """
    outcome = read_summary(folder, header)
    if outcome is None or outcome.ending == "unfinished" or outcome.total == OPEN_END:
        return outcome_of_tails(folder, header.scenario)
    return outcome


def read_summary(folder: Path, header: Header) -> Outcome | None:
    """Return the outcome in the summary; None if there is none of the present record."""
    with suppress(OSError, msgspec.MsgspecError, ValueError, RecursionError):
        summary = _DECODER.decode((folder / SUMMARY).read_bytes())
        is_of_this_record = (
            summary.schema == _SCHEMA
            and summary.run == header.run()
            and summary.journal == _file_state(folder / JOURNAL)
            and summary.metrics == _file_state(folder / METRICS)
        )
        return summary.outcome if is_of_this_record else None
    return None


def check_unfinished(folder: Path) -> None:
    """Check that a run has not reached its planned end, so that there are steps to resume.

    A run that was killed has no summary, and may lack something at its end.

    Raises
    ------
    RefusedError : it has finished, or its plan or a rule has stopped it
    TuitrainError : the record cannot be read
    """
    header = read_header(folder)
    outcome = read_summary(folder, header)
    is_imported = header.scenario.get("engine") == IMPORTED_ENGINE  # is refused for another reason
    if is_imported or outcome is None or outcome.ending not in ("finished", "stopped"):
        return
    lines = read_journal(folder)
    last = next((line for line in reversed(lines) if not isinstance(line, CommandLine)), None)
    has_ended = isinstance(last, DigestLine) or (
        isinstance(last, EndLine) and last.reason in ("finished", "stopped")
    )
    if last is None or not has_ended or last.step != outcome.step:
        return
    if ends_by_planned_stop(lines):
        how = f"stopped at step {outcome.step} by its plan or a rule"
    elif outcome.ending == "finished":
        how = f"finished at step {outcome.step}"
    else:
        return
    raise RefusedError(f"{folder}: {how}; nothing to resume")


def _file_state(path: Path) -> _FileState:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _CHECKED))
        return _FileState(size, f"sha256:{hashlib.sha256(file.read()).hexdigest()}")
