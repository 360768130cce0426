"""The commands of a record that wait for their steps, ``scheduled.json``.

The file is replaced when they change, so that a killed run is resumed with them. If no command
waits, there is no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tuitrain.atomic_io import write_atomic
from tuitrain.commands import parse
from tuitrain.decoding import decode_json
from tuitrain.errors import CommandError, RefusedError, TuitrainError
from tuitrain.run.authorship import Actor, check_submitter, check_why
from tuitrain.run.journal_entry import MAX_OUTSIDE_TICKET, MIN_OUTSIDE_TICKET, NO_TICKET
from tuitrain.run.snapshot import ScheduledCommand

from .record_format import StepCount, Ticket

SCHEDULED: Final = "scheduled.json"


class ScheduledEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command that waits for its step.

    Attributes
    ----------
    step : the steps taken before it
    command : its text
    actor : who gave it
    why : the reason that was given for it; left out where there is none
    id : the number that its viewer gave it, so that it is applied once; 0 for other commands
    """

    step: StepCount
    command: str
    actor: Actor
    why: str = ""
    id: Ticket = NO_TICKET


_DECODER: Final = msgspec.json.Decoder(list[ScheduledEntry])


def write_scheduled(folder: Path, commands: Sequence[ScheduledCommand]) -> None:
    """Replace the commands that wait, and wait until they are on disk.

    Raises
    ------
    OSError : they cannot be written
    """
    path = folder / SCHEDULED
    if not commands:
        path.unlink(missing_ok=True)
        return
    entries = [
        ScheduledEntry(item.step, item.command, item.actor, item.why, _outside(item.ticket))
        for item in commands
    ]
    write_atomic(path, msgspec.json.encode(entries) + b"\n")


def read_scheduled(folder: Path) -> list[ScheduledCommand]:
    """Return the commands that wait, by step; none where there is no such file.

    A command without a number from outside gets one, because a process counts its own from 1.

    Raises
    ------
    TuitrainError : the file cannot be read, or is damaged; names the file and the command
    """
    path = folder / SCHEDULED
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TuitrainError(f"{path} cannot be read: {error.strerror}") from None
    entries = decode_json(content, _DECODER, str(path))
    for number, entry in enumerate(entries, start=1):
        try:
            check_submitter(entry.actor)
            check_why(entry.why)
            parse(entry.command)
        except (CommandError, RefusedError) as error:
            raise TuitrainError(f"{path}, command {number}: {error}") from None
    return [
        ScheduledCommand(
            _outside(entry.id) or MAX_OUTSIDE_TICKET - index,
            entry.step,
            entry.command,
            entry.actor,
            entry.why,
        )
        for index, entry in enumerate(entries)
    ]


def _outside(ticket: int) -> int:
    return ticket if ticket >= MIN_OUTSIDE_TICKET else NO_TICKET
