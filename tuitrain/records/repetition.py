"""Repeating a record: the lines of a journal that a repeated run writes again, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from tuitrain.commands import AnyCommand, CommandKind, find_spec, parse
from tuitrain.run.authorship import OWN_ACTORS, Actor, is_automatic
from tuitrain.run.journal_entry import NO_TICKET
from tuitrain.run.snapshot import EndReason, JournalEntry

from .record_format import ChangedLine, CommandLine, EndLine, JournalLine


@dataclass(frozen=True, slots=True)
class RepeatedCommand:
    """A command that a user gave in an earlier run, to be given again at its step.

    Attributes
    ----------
    own_entries : the number of entries by the plan and by rules that the journal had before it. It
        is given again after as many entries, so at the same one of several visits of its step
    ways_back : the number of these entries that are commands of the plan that go back
    """

    step: int
    command: AnyCommand
    actor: Actor
    why: str = ""
    ticket: int = NO_TICKET
    own_entries: int = 0
    ways_back: int = 0


@dataclass(frozen=True, slots=True)
class RepeatedEnd:
    """The boundary at which an earlier run ended, with digests of its state in the record.

    Attributes
    ----------
    own_entries : see `RepeatedCommand`
    """

    step: int
    reason: EndReason
    own_entries: int = 0


@dataclass(frozen=True, slots=True)
class ReachedStep:
    """A boundary at which a repeated run stops briefly, without an action."""

    step: int
    own_entries: int = 0


RepeatedAction: TypeAlias = RepeatedCommand | RepeatedEnd | ReachedStep
"""An action at a boundary that repeats one of an earlier run."""

_MOTION: Final[tuple[CommandKind, ...]] = ("flow", "end", "preview")
"""Kinds of commands that only change when a run is paused or ends."""


def is_breakpoint_pause(line: JournalLine) -> bool:
    """Whether a line of a journal is the pause of a breakpoint."""
    return isinstance(line, CommandLine) and line.actor == "breakpoint"


def is_optional(line: JournalLine) -> bool:
    """Whether a repeated run may or may not write this line of a journal.

    Breakpoints of an attended run may have held it at other steps. The cause of a failed step, or
    of a failed evaluation, may be gone.
    """
    return is_breakpoint_pause(line) or (isinstance(line, EndLine) and line.reason == "failed")


def is_motion_command(line: CommandLine) -> bool:
    """Whether a line is a command that only affects when a run pauses or ends.

    Its outcome depends on whether the run was paused; a repeated run never is.
    """
    return _kind(line) in _MOTION


def is_planned_way_back(entry: CommandLine | JournalEntry) -> bool:
    """Whether an entry is a command of the plan that goes back, after which steps come again."""
    return entry.actor == "scenario" and _kind(entry) == "history"


def _kind(line: CommandLine | JournalEntry) -> CommandKind | None:
    """Return what the command of a line acts on; None for an unknown command."""
    spec = find_spec(line.command.partition(" ")[0])
    return spec.kind if spec else None


def ends_by_planned_stop(lines: Iterable[JournalLine]) -> bool:
    """Whether the run of these lines was ended by a ``stop`` of its scenario."""
    stopped = False
    for line in lines:
        if isinstance(line, CommandLine) and line.outcome == "applied":
            kind = _kind(line)
            if kind == "end" and is_automatic(line.actor):
                stopped = True
            elif kind == "history":
                stopped = False
    return stopped


def is_repeated(line: JournalLine) -> bool:
    """Whether a repeated run writes this line of a journal again.

    A user's command is repeated if it changed something. Pauses change nothing, and refused
    commands may have been refused because the run was stopped.
    """
    if not isinstance(line, CommandLine):
        return not isinstance(line, ChangedLine)
    if is_automatic(line.actor):
        return True
    return line.outcome == "applied" and not is_motion_command(line)


def count_own_lines(lines: Iterable[JournalLine]) -> int:
    """Return how many lines of a journal are by the plan and by rules."""
    return sum(isinstance(line, CommandLine) and line.actor in OWN_ACTORS for line in lines)


def count_ways_back(lines: Iterable[JournalLine]) -> int:
    """Return how many lines of a journal are by the plan and go back."""
    return sum(isinstance(line, CommandLine) and is_planned_way_back(line) for line in lines)


def repeated_actions(
    lines: Iterable[JournalLine], own_entries: int = 0, ways_back: int = 0
) -> Iterator[RepeatedCommand | RepeatedEnd]:
    """Yield the users' commands to repeat, and where the run ended, in order.

    A ``stop`` of the scenario or of a rule, and the end that follows, need no action.

    Parameters
    ----------
    own_entries, ways_back : the entries of the plan and of rules before these lines
    """
    stops_by_itself = False
    for line in lines:
        if isinstance(line, EndLine) and not stops_by_itself:
            yield RepeatedEnd(line.step, line.reason, own_entries)
        is_command = isinstance(line, CommandLine)
        own_entries += is_command and line.actor in OWN_ACTORS
        ways_back += is_command and is_planned_way_back(line)
        stops_by_itself = is_command and is_automatic(line.actor) and line.command == "stop"
        if is_command and not is_automatic(line.actor) and is_repeated(line):
            yield RepeatedCommand(
                line.step,
                parse(line.command),
                line.actor,
                line.why,
                line.id,
                own_entries,
                ways_back,
            )


def repeated_entries(lines: Iterable[JournalLine]) -> Iterator[JournalEntry]:
    """Return the repeated commands, as entries of a session's journal."""
    return command_entries(filter(is_repeated, lines))


def command_entries(lines: Iterable[JournalLine]) -> Iterator[JournalEntry]:
    """Return all commands, as entries of a session's journal."""
    for line in lines:
        if isinstance(line, CommandLine):
            yield JournalEntry(
                line.id,
                line.step,
                line.command,
                line.actor,
                line.outcome,
                line.message,
                line.why,
            )
