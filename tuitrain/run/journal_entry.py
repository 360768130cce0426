"""Immutable entries: commands with their outcomes, commands that wait, marks in charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .authorship import Actor

Outcome: TypeAlias = Literal["applied", "unchanged", "refused", "met", "not met"]
"""The outcome of a command, or whether an expectation of the scenario was met."""

NO_TICKET: Final = 0
"""The ticket of commands that a scenario planned, which have no submitter."""

MIN_OUTSIDE_TICKET: Final = 2**32
"""The lowest ticket that a submitter may bring; lower ones are the mailbox's own."""

MAX_OUTSIDE_TICKET: Final = 2**63 - 1
"""The highest ticket: a signed integer of 64 bits."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A command and its outcome, or an expectation and whether it was met.

    Attributes
    ----------
    ticket : the number that `submit` returned, which identifies the answer to a command
    step : the number of steps taken when the command was applied
    command : its text form, or ``expect …``
    message : the effect, the reason of a refusal, or a measured value: one sentence
    why : the reason that was given for the command, or ""
    """

    ticket: int
    step: int
    command: str
    actor: Actor
    outcome: Outcome
    message: str
    why: str = ""


def is_pause_by_itself(entry: JournalEntry) -> bool:
    """Whether an entry is the pause of a breakpoint, or of a rule."""
    return entry.actor == "breakpoint" or (entry.actor == "rule" and entry.command == "pause")


@dataclass(frozen=True, slots=True)
class ScheduledCommand:
    """A submitted command that waits for a step.

    Attributes
    ----------
    ticket : the number that `submit` returned
    step : it is applied at the boundary before this step, counted from 0
    command : its text form
    why : the reason that was given for it, or ""
    """

    ticket: int
    step: int
    command: str
    actor: Actor
    why: str = ""


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule of a run.

    Attributes
    ----------
    text : the command that has set it
    used : how often it was used
    """

    text: str
    used: int


@dataclass(frozen=True, slots=True)
class Intervention:
    """A command that changed the training, on the branch that is shown."""

    step: int
    command: str
