"""Rules: conditions on which a run gives itself commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuitrain.commands import (
    AddBreakpoint,
    AddRule,
    CommandKind,
    Freeze,
    RemoveRule,
    SwapOptimizer,
    Thaw,
    command_kind,
    command_target,
    rule_title,
    to_text,
)
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import PendingStep
from tuitrain.engines.steerable import CommandResult
from tuitrain.engines.targets import match_parameters, resolve_groups
from tuitrain.errors import RefusedError, did_you_mean, join_or

from ..authorship import Actor
from ..journal_entry import RuleView
from ..snapshot import Series
from .checks import check_target, new_metric_reason, step_reason
from .rules_state import DueRule, RulesState, RuleStep, SetRule

_WAY_BACK: CommandKind = "history"


class Rules:
    """The rules of a session, their uses, and their pending commands.

    A rule is used where its condition comes true: at a step that meets it after one that did not,
    and once at each visit of a step. Uses are counted for the whole life of the run, whatever its
    branch, so a rule that goes back ends by itself.

    Attributes
    ----------
    due : the conditions that have come true at this boundary
    steps : the commands that are to be given next
    current : the command that is being given, or None
    """

    def __init__(self) -> None:
        self._rules: dict[AddBreakpoint, SetRule] = {}
        self._uses: dict[AddRule, int] = {}
        self._met: tuple[int, tuple[AddBreakpoint, ...]] = (-1, ())
        self._fired: tuple[int, tuple[AddBreakpoint, ...]] = (-1, ())
        self._now_met: tuple[AddBreakpoint, ...] = ()
        self.due: list[DueRule] = []
        self.steps: list[RuleStep] = []
        self.current: RuleStep | None = None

    @property
    def is_acting(self) -> bool:
        """Whether a command of a rule is being given."""
        return self.current is not None

    @property
    def conditions(self) -> tuple[AddBreakpoint, ...]:
        """The conditions, oldest first."""
        return tuple(self._rules)

    @property
    def holds_steps(self) -> bool:
        """Whether a condition is checked within steps; metrics are checked between them."""
        return any(not condition.is_on_metric for condition in self._rules)

    @property
    def are_on_metrics(self) -> bool:
        """Whether a condition is checked where metrics are measured."""
        return any(condition.is_on_metric for condition in self._rules)

    def get(self, condition: AddBreakpoint) -> SetRule | None:
        """Return the rule of a condition, or None."""
        return self._rules.get(condition)

    def uses(self, rule: AddRule) -> int:
        """Return how often a rule was used."""
        return self._uses.get(rule.key, 0)

    def count_use(self, rule: AddRule) -> int:
        """Count a use of a rule, and return which one it is, from 1."""
        self._uses[rule.key] = self.uses(rule) + 1
        return self._uses[rule.key]

    def views(self) -> tuple[RuleView, ...]:
        """Return the rules as screens show them, oldest first."""
        return tuple(
            RuleView(to_text(entry.rule), min(self.uses(entry.rule), entry.rule.times))
            for entry in self._rules.values()
        )

    def apply(self, command: AddRule | RemoveRule, engine: Engine, actor: Actor) -> CommandResult:
        """Set a rule, remove one, or remove all.

        Raises
        ------
        RefusedError : the condition or a command of the rule does not fit the run, or there is no
            rule to remove
        """
        if isinstance(command, AddRule):
            check_rule(command, engine)
            return self._set(SetRule(command, engine.step, actor))
        if command.condition is None:
            count, self._rules = len(self._rules), {}
            removed = f"{count} rule{'s' if count != 1 else ''} removed"
            return CommandResult(bool(count), removed if count else "no rule is set")
        if self._rules.pop(command.condition, None) is None:
            known = ", ".join(map(rule_title, self._rules))
            raise RefusedError(
                f"there is no rule `{rule_title(command.condition)}` here; "
                + (f"set are {known}" if known else "none is set")
            )
        return CommandResult(True, f"{len(self._rules)} left")

    def _set(self, entry: SetRule) -> CommandResult:
        rule, before = entry.rule, self._rules.get(entry.rule.condition)
        used = self.uses(rule)
        counted = "at most once" if rule.times == 1 else f"at most {rule.times} times"
        counted += f", {used} of them used" if used else ""
        if before is not None and before.rule == rule:
            return CommandResult(False, f"that is set already, {counted}")
        self._rules[rule.condition] = entry
        message = f"the run will do that then, {counted}"
        if used >= rule.times:
            message = (
                "that rule has been used already, and pauses the run; a larger N in "
                "`at most N times` is new"
            )
        return CommandResult(True, message + ("; the rule before is replaced" if before else ""))

    def move_to(self, step: int) -> None:
        """Follow the run to another boundary: no rule is newer than this step."""
        self._rules = {
            condition: SetRule(entry.rule, min(entry.since, step), entry.actor)
            for condition, entry in self._rules.items()
        }

    def reset(self) -> None:
        """Forget which conditions the steps met, and are due, after a move to another branch."""
        self._met = self._fired = (-1, ())
        self.due = []

    def find_due(self, step: int, pending: PendingStep, losses: Sequence[float]) -> bool:
        """Note the first rule whose condition a step newly meets; return whether there is one.

        Parameters
        ----------
        step : the steps taken before it
        losses : those of the steps before it
        """
        if not self._rules:
            return False
        reasons = {
            condition: reason
            for condition in self._rules
            if (reason := step_reason(condition, pending, losses))
        }
        fired = self._fired[1] if self._fired[0] == step else ()
        known = self._met[1] if self._met[0] == step - 1 else ()
        self._now_met = tuple(reasons)
        for condition, reason in reasons.items():
            was_met = condition in known and self._rules[condition].since < step
            if condition not in fired and not was_met:
                self._fired = step, (*fired, condition)
                self.due.append(DueRule(condition, reason))
                return True
        return False

    def note_passed(self, step: int) -> None:
        """Note that the step that was checked last is taken."""
        self._met = step, self._now_met

    def check_metrics(self, step: int, curves: Mapping[str, Series]) -> None:
        """Note the rules whose condition metrics measured after ``step`` steps newly meet.

        Parameters
        ----------
        curves : the metrics of the present branch so far
        """
        for condition, entry in self._rules.items():
            if reason := new_metric_reason(condition, entry.since, step, curves):
                self.due.append(DueRule(condition, reason))

    def without_target(self, groups: Sequence[str]) -> tuple[str, ...]:
        """Return the rules whose condition matches none of these groups, in words."""
        return tuple(
            rule_title(condition)
            for condition in self._rules
            if condition.group
            and not match_parameters([condition.group], dict.fromkeys(groups, ()))
        )

    def state(self, step: int) -> RulesState:
        """Return the state of the rules at the boundary before step ``step``."""
        current = [self.current] if self.current is not None else []
        return RulesState(
            tuple(self._rules.values()),
            tuple(self._uses.items()),
            self._met[1] if self._met[0] == step - 1 else (),
            self._fired[1] if self._fired[0] == step else (),
            tuple(self.due),
            (*current, *self.steps),
        )

    def restore(self, state: RulesState, step: int) -> None:
        """Continue from the state of an earlier run, at the boundary before step ``step``."""
        self._rules = {entry.rule.condition: entry for entry in state.rules}
        self._uses = dict(state.uses)
        self._met, self._fired = (step - 1, state.met), (step, state.fired)
        self.due, self.steps = list(state.due), list(state.steps)


def check_rule(rule: AddRule, engine: Engine) -> None:
    """Check that the condition and the commands of a rule fit a run: its targets and its ways back.

    Raises
    ------
    RefusedError : they do not
    """
    check_target(rule.condition, engine)
    groups = engine.groups()
    names = [group.name for group in groups]
    aliases = {row.name: row.aliases for group in groups for row in group.parameters}
    for command in rule.actions():
        if command_kind(command) == _WAY_BACK:
            engine.capabilities.require(Capability.REWIND)
        target = command_target(command)
        holds_parameters = isinstance(command, Freeze | Thaw)
        if target is not None and not (holds_parameters and match_parameters([target], aliases)):
            resolve_groups(target, names, aliases)
        if isinstance(command, SwapOptimizer):
            known = [choice.name for choice in engine.optimizer_choices()]
            if command.name not in known:
                hint = did_you_mean(command.name, known)
                raise RefusedError(
                    f"no optimizer is called {command.name!r}{hint} (allowed: {join_or(known)})"
                )
