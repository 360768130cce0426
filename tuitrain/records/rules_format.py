"""The rules of a session as plain values, and back."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from tuitrain.commands import MAX_COUNT, AddBreakpoint, AddRule, parse, to_text
from tuitrain.errors import RefusedError
from tuitrain.run.authorship import check_actor, check_why
from tuitrain.run.conditions.rules_state import DueRule, RulesState, RuleStep, SetRule

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
"""A number of steps, updates or lines."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plain values; unknown keys are errors."""


class RuleRecord(Record, frozen=True):
    """A rule, the steps taken when it was set, and the actor who set it."""

    text: str
    since: Count
    actor: str


class DueRecord(Record, frozen=True):
    """A condition that had come true, as a breakpoint, or a command of a rule; with its reason."""

    command: str
    why: str
    actor: str = ""


class RulesRecord(Record, frozen=True, omit_defaults=True):
    """The rules of a session; ``uses`` by the text of a rule without its number of times."""

    rules: list[RuleRecord] = []
    uses: dict[str, Count] = {}
    met: list[str] = []
    fired: list[str] = []
    due: list[DueRecord] = []
    steps: list[DueRecord] = []


def encode_rules(state: RulesState) -> RulesRecord:
    """Return rules as plain values."""
    return RulesRecord(
        [RuleRecord(to_text(entry.rule), entry.since, entry.actor) for entry in state.rules],
        {to_text(rule): count for rule, count in state.uses},
        [to_text(condition) for condition in state.met],
        [to_text(condition) for condition in state.fired],
        [DueRecord(to_text(due.condition), due.found) for due in state.due],
        [DueRecord(to_text(step.command), step.why, step.actor) for step in state.steps],
    )


def decode_rules(record: RulesRecord) -> RulesState:
    """Return the rules of a record.

    Raises
    ------
    CommandError : a command cannot be read
    TypeError, ValueError : a command is of another kind, or an actor or a reason is not allowed
    """
    for why in (*record.due, *record.steps):
        _check(why.actor, why.why)
    for rule in record.rules:
        _check(rule.actor, "")
    return RulesState(
        tuple(SetRule(_rule(entry.text), entry.since, entry.actor) for entry in record.rules),
        tuple((_rule(text), count) for text, count in record.uses.items()),
        tuple(map(read_breakpoint, record.met)),
        tuple(map(read_breakpoint, record.fired)),
        tuple(DueRule(read_breakpoint(due.command), due.why) for due in record.due),
        tuple(RuleStep(parse(step.command), step.why, step.actor) for step in record.steps),
    )


def _check(actor: str, why: str) -> None:
    try:
        if actor:
            check_actor(actor)
        check_why(why)
    except RefusedError as error:
        raise ValueError(str(error)) from None


def _rule(text: str) -> AddRule:
    command = parse(text)
    if not isinstance(command, AddRule):
        raise TypeError(f"{text!r} is not a rule")
    return command


def read_breakpoint(text: str) -> AddBreakpoint:
    """Return the breakpoint that a string makes.

    Raises
    ------
    CommandError : the text is not a command
    TypeError : it is another command
    """
    command = parse(text)
    if not isinstance(command, AddBreakpoint):
        raise TypeError(f"{text!r} is not a breakpoint")
    return command
