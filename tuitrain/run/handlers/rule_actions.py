"""Giving the commands of rules, at the boundary where a condition has come true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from tuitrain.commands import AnyCommand, Pause, rule_title, to_text

from ..authorship import MAX_WHY
from ..conditions.rules_state import DueRule, RuleStep
from ..context import RunContext
from ..journal_entry import NO_TICKET, JournalEntry
from ..snapshot import Actor, Phase
from .limit_check import limit_problem


class GiveCommand(Protocol):
    """Applies or refuses a command at this boundary, and writes it to the journal."""

    def __call__(
        self, command: AnyCommand, actor: Actor, ticket: int, why: str = ""
    ) -> JournalEntry:
        """See `Session.apply_command`."""
        ...


class RuleActions:
    """Gives the commands of the rules that are due, one rule after the other.

    The run continues after them as it did before, unless one pauses or ends it, or is refused.

    Parameters
    ----------
    context : the parts of the run
    give : gives a command
    apply_planned : applies the commands that are planned for this boundary, which come first
    """

    def __init__(
        self, context: RunContext, give: GiveCommand, apply_planned: Callable[[], None]
    ) -> None:
        self._context = context
        self._give = give
        self._apply_planned = apply_planned

    def act(self) -> bool:
        """Give the commands that are due at this boundary; return whether there were any."""
        rules, run_state = self._context.rules, self._context.run_state
        if not (rules.due or rules.steps) or not self._context.engine.is_steerable:
            return False
        self._apply_planned()
        is_running, steps_left = run_state.phase is Phase.RUNNING, run_state.steps_left
        while (rules.due or rules.steps) and not run_state.phase.ended:
            if not rules.steps and not self._begin(rules.due.pop(0)):
                is_running = False
            elif rules.steps:
                rules.current = rules.steps.pop(0)
                pauses = self._take_step(rules.current)
                rules.current = None
                is_running = is_running and not pauses
            if is_running and run_state.phase is Phase.PAUSED:  # by a jump
                run_state.phase = Phase.RUNNING
        rules.due, rules.steps = [], []
        if is_running and run_state.phase is Phase.RUNNING:
            run_state.steps_left = steps_left
        return True

    def _begin(self, due: DueRule) -> bool:
        """Plan the commands of a rule; return False if it is used up, and has paused the run."""
        rules = self._context.rules
        entry = rules.get(due.condition)
        if entry is None:
            return True
        rule, title = entry.rule, rule_title(due.condition)
        used = rules.uses(rule)
        if used >= rule.times:
            times = f"{rule.times} time{'s' if rule.times != 1 else ''}"
            self._pause(f"{due.found}; the rule `{title}` has been used {times}")
            return False
        number = rules.count_use(rule)
        why = _shortened(f"{title}, use {number} of {rule.times}: {due.found}")
        rules.steps = [
            RuleStep(cast(AnyCommand, action), why, entry.actor) for action in rule.actions()
        ]
        return True

    def _take_step(self, step: RuleStep) -> bool:
        """Give a command; return whether the run pauses or ends."""
        context, command = self._context, step.command
        problem = limit_problem(context, command, step.actor, counts=False)
        if problem:
            text = to_text(command)
            entry = context.write_entry(
                NO_TICKET, context.step, text, "rule", "refused", problem, step.why
            )
        elif isinstance(command, Pause) and context.phase is Phase.RUNNING:
            entry = self._pause(step.why)
        else:
            entry = self._give(command, "rule", NO_TICKET, step.why)
        if entry.outcome == "refused":
            context.rules.due, context.rules.steps = [], []
            self._pause(f"a rule's command was refused: {entry.command}: {entry.message}")
        return entry.outcome == "refused" or isinstance(command, Pause)

    def _pause(self, reason: str) -> JournalEntry:
        return self._context.pause_by_itself("rule", "paused", reason)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_WHY else f"{text[: MAX_WHY - 1]}…"
