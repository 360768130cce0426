"""The state of rules: those that are set, and the commands that they are about to give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tuitrain.commands import AddBreakpoint, AddRule, AnyCommand

from ..authorship import Actor


@dataclass(frozen=True, slots=True)
class SetRule:
    """A rule of a run.

    Attributes
    ----------
    since : the steps taken when it was set
    actor : who has set it, whose limits hold for its commands
    """

    rule: AddRule
    since: int
    actor: Actor


@dataclass(frozen=True, slots=True)
class DueRule:
    """A condition that has come true, with the values that met it."""

    condition: AddBreakpoint
    found: str


@dataclass(frozen=True, slots=True)
class RuleStep:
    """A command that a rule is about to give.

    Attributes
    ----------
    why : the values that met its condition, and the number of the use
    actor : who has set the rule
    """

    command: AnyCommand
    why: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class RulesState:
    """The state of all rules, as a checkpoint saves it.

    Attributes
    ----------
    rules : those that are set
    uses : by rule, without its number of times, how often it was used; also of removed rules
    met : the conditions that the last step taken met
    fired : those that have come true at the coming step already
    due, steps : the conditions and commands that were pending at this boundary
    """

    rules: tuple[SetRule, ...] = ()
    uses: tuple[tuple[AddRule, int], ...] = ()
    met: tuple[AddBreakpoint, ...] = ()
    fired: tuple[AddBreakpoint, ...] = ()
    due: tuple[DueRule, ...] = ()
    steps: tuple[RuleStep, ...] = ()


NO_RULES: Final = RulesState()
