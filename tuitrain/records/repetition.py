"""What of a journal comes again when a run is followed, and what has to be asked for again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuitrain.commands import parse
from tuitrain.records.record_format import ChangedLine, CommandLine, EndLine, JournalLine
from tuitrain.run.session import NO_TICKET
from tuitrain.run.snapshot import JournalEntry

from ..scenario.replay import RepeatedCommand, RepeatedEnd

_STANDING = ("pause", "resume", "step", "stop", "preview")
"""What changes when a run stands still, and nothing else."""

_WAYS_BACK = ("rewind", "undo", "redo", "branch")

_BY_ITSELF = ("scenario", "breakpoint")


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
    """Whether a line is a command that changes when a run stands still, and nothing else.

    What becomes of it depends on what stood still before, which a run that is followed does not.
    """
    return line.command.partition(" ")[0] in _STANDING


def ends_by_planned_stop(lines: Iterable[JournalLine]) -> bool:
    """Whether the run that these lines tell of was ended by a ``stop`` of its scenario."""
    stopped = False
    for line in lines:
        if isinstance(line, CommandLine) and line.outcome == "applied":
            verb = line.command.partition(" ")[0]
            if verb == "stop" and line.actor in _BY_ITSELF:
                stopped = True
            elif verb in _WAYS_BACK:
                stopped = False
    return stopped


def is_repeated(line: JournalLine) -> bool:
    """Whether a line of a journal comes again when it is followed.

    What somebody asked comes again if it changed something. A pause did not, and neither did what
    was refused: perhaps because the run had been stopped, which it is no longer.
    """
    if not isinstance(line, CommandLine):
        return not isinstance(line, ChangedLine)
    if line.actor in _BY_ITSELF:
        return True
    return line.outcome == "applied" and not is_motion_command(line)


def repeated_actions(lines: Iterable[JournalLine]) -> Iterator[RepeatedCommand | RepeatedEnd]:
    """Yield what a user asked and comes again, and where the run ended, in order.

    A ``stop`` of the scenario comes again by itself, and so does the end that it leads to.
    """
    stops_by_itself = False
    for line in lines:
        if isinstance(line, EndLine) and not stops_by_itself:
            yield RepeatedEnd(line.step, line.reason)
        is_command = isinstance(line, CommandLine)
        stops_by_itself = is_command and line.actor in _BY_ITSELF and line.command == "stop"
        if is_command and line.actor not in _BY_ITSELF and is_repeated(line):
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
