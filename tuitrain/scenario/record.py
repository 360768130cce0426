"""What of a journal comes again when a run is followed, and what has to be asked for again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tuitrain.commands import parse
from tuitrain.commands.checks import MOST
from tuitrain.errors import CommandError, ScenarioError
from tuitrain.run.folder import JOURNAL
from tuitrain.run.session import PLANNED
from tuitrain.run.snapshot import Actor, EndReason, JournalEntry, Outcome

from .replay import Asked, EndedHere

_STANDING = ("pause", "resume", "step", "stop", "preview")
"""What changes when a run stands still, and nothing else."""

_BY_ITSELF = ("scenario", "breakpoint")


class _Line(msgspec.Struct, frozen=True):
    """A command, as the journal has it."""

    step: Annotated[int, msgspec.Meta(ge=0, le=MOST)]
    command: str
    actor: Actor
    outcome: Outcome
    message: str = ""


class _End(msgspec.Struct, frozen=True):
    """An end of the run, as the journal has it."""

    step: Annotated[int, msgspec.Meta(ge=0, le=MOST)]
    reason: EndReason


def comes_again(record: Mapping[str, Any]) -> bool:
    """Whether a line of a journal comes again when it is followed.

    What somebody asked comes again if it changed something. A pause did not, and neither did what
    was refused: perhaps because the run had been stopped, which it is no longer.
    """
    if record.get("event") != "command" or record.get("actor") in _BY_ITSELF:
        return True
    verb = str(record.get("command")).partition(" ")[0]
    return record.get("outcome") == "applied" and verb not in _STANDING


def asked_in(folder: Path, records: Iterable[Mapping[str, Any]]) -> Iterator[Asked | EndedHere]:
    """Yield what a user asked and comes again, and where the run ended, in order.

    A ``stop`` of the scenario comes again by itself, and so does the end that it leads to.

    Raises
    ------
    ScenarioError : a line is damaged; it names the folder's journal
    """
    stops_by_itself = False
    for record in records:
        by_itself = record.get("actor") in _BY_ITSELF
        if record.get("event") == "end" and not stops_by_itself:
            end = _end(folder, record)
            yield EndedHere(end.step, end.reason)
        stops_by_itself = by_itself and record.get("command") == "stop"
        if record.get("event") == "command" and not by_itself and comes_again(record):
            line = _line(folder, record)
            try:
                yield Asked(line.step, parse(line.command), line.actor)
            except CommandError as error:
                raise _damaged(folder, error, record) from None


def entries_in(folder: Path, records: Iterable[Mapping[str, Any]]) -> Iterator[JournalEntry]:
    """Return the commands that come again, as entries of a session's journal.

    Raises
    ------
    ScenarioError : a line is damaged; it names the folder's journal
    """
    return all_entries_in(folder, filter(comes_again, records))


def all_entries_in(folder: Path, records: Iterable[Mapping[str, Any]]) -> Iterator[JournalEntry]:
    """Return every command, as an entry of a session's journal.

    Raises
    ------
    ScenarioError : a line is damaged; it names the folder's journal
    """
    for record in records:
        if record.get("event") == "command":
            line = _line(folder, record)
            yield JournalEntry(
                PLANNED, line.step, line.command, line.actor, line.outcome, line.message
            )


def _line(folder: Path, record: Mapping[str, Any]) -> _Line:
    try:
        return msgspec.convert(record, _Line)
    except msgspec.ValidationError as error:
        raise _damaged(folder, error, record) from None


def _end(folder: Path, record: Mapping[str, Any]) -> _End:
    try:
        return msgspec.convert(record, _End)
    except msgspec.ValidationError as error:
        raise _damaged(folder, error, record) from None


def _damaged(folder: Path, error: Exception, record: Mapping[str, Any]) -> ScenarioError:
    return ScenarioError(f"{folder / JOURNAL}: {error}: {record!r:.80}")
