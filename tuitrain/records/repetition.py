"""Repeating a record: which lines of a journal come again, and what has to be done for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tuitrain.commands import AnyCommand, parse
from tuitrain.records.record_format import ChangedLine, CommandLine, EndLine, JournalLine
from tuitrain.run.session import NO_TICKET
from tuitrain.run.snapshot import Actor, EndReason, JournalEntry


@dataclass(frozen=True, slots=True)
class RepeatedCommand:
    """A command that a user gave at a step of an earlier run, to be given there again."""

    step: int
    command: AnyCommand
    actor: Actor


@dataclass(frozen=True, slots=True)
class RepeatedEnd:
    """The boundary at which an earlier run ended: its record has digests of the state there."""

    step: int
    reason: EndReason


@dataclass(frozen=True, slots=True)
class ReachedStep:
    """A boundary at which a run stops for a moment, without an action."""

    step: int


RepeatedAction: TypeAlias = RepeatedCommand | RepeatedEnd | ReachedStep
"""What is done at a boundary because an earlier run did it there."""

_MOTION_COMMANDS = ("pause", "resume", "step", "stop", "preview")
"""Commands that only change when a run is paused or ends."""

_HISTORY_COMMANDS = ("rewind", "undo", "redo", "branch")

_AUTOMATIC_ACTORS = ("scenario", "breakpoint")


def is_breakpoint_pause(line: JournalLine) -> bool:
    """Whether a line of a journal is the pause of a breakpoint."""
    return isinstance(line, CommandLine) and line.actor == "breakpoint"


def is_optional(line: JournalLine) -> bool:
    """Whether a line of a journal may come again when it is followed, and may not.

    Breakpoints of a run that had a user may have held it at other steps. What made a step fail, or
    an evaluation in the middle of a boundary, may be gone.
    """
    return is_breakpoint_pause(line) or (isinstance(line, EndLine) and line.reason == "failed")


def is_motion_command(line: CommandLine) -> bool:
    """Whether a line is a command that only changes when a run is paused or ends.

    Its outcome depends on whether the run was paused before; a run that repeats is not.
    """
    return line.command.partition(" ")[0] in _MOTION_COMMANDS


def ends_by_planned_stop(lines: Iterable[JournalLine]) -> bool:
    """Whether the run that these lines tell of was ended by a ``stop`` of its scenario."""
    stopped = False
    for line in lines:
        if isinstance(line, CommandLine) and line.outcome == "applied":
            verb = line.command.partition(" ")[0]
            if verb == "stop" and line.actor in _AUTOMATIC_ACTORS:
                stopped = True
            elif verb in _HISTORY_COMMANDS:
                stopped = False
    return stopped


def is_repeated(line: JournalLine) -> bool:
    """Whether a line of a journal comes again when it is followed.

    A user's command comes again if it changed something. A pause did not, and neither did a refused
    command, which may have been refused because the run had been stopped.
    """
    if not isinstance(line, CommandLine):
        return not isinstance(line, ChangedLine)
    if line.actor in _AUTOMATIC_ACTORS:
        return True
    return line.outcome == "applied" and not is_motion_command(line)


def repeated_actions(lines: Iterable[JournalLine]) -> Iterator[RepeatedCommand | RepeatedEnd]:
    """Yield the commands of users that come again, and where the run ended, in order.

    A ``stop`` of the scenario comes again by itself, and so does the end that it leads to.
    """
    stops_by_itself = False
    for line in lines:
        if isinstance(line, EndLine) and not stops_by_itself:
            yield RepeatedEnd(line.step, line.reason)
        is_command = isinstance(line, CommandLine)
        stops_by_itself = is_command and line.actor in _AUTOMATIC_ACTORS and line.command == "stop"
        if is_command and line.actor not in _AUTOMATIC_ACTORS and is_repeated(line):
            yield RepeatedCommand(line.step, parse(line.command), line.actor)


def repeated_entries(lines: Iterable[JournalLine]) -> Iterator[JournalEntry]:
    """Return the commands that come again, as entries of a session's journal."""
    return command_entries(filter(is_repeated, lines))


def command_entries(lines: Iterable[JournalLine]) -> Iterator[JournalEntry]:
    """Return every command, as an entry of a session's journal."""
    for line in lines:
        if isinstance(line, CommandLine):
            yield JournalEntry(
                NO_TICKET, line.step, line.command, line.actor, line.outcome, line.message
            )
