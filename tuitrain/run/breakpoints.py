"""Breakpoints: conditions on which a run pauses before an update is applied."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tuitrain.commands import AddBreakpoint, RemoveBreakpoint, to_text
from tuitrain.engines.engine import CommandResult, Engine, HoldCondition, PendingStep
from tuitrain.engines.targets import match_names, resolve_groups
from tuitrain.errors import RefusedError, join_or

AVERAGE_STEPS = 50
"""Steps over which the loss is averaged."""

MIN_AVERAGE_STEPS = AVERAGE_STEPS // 5
"""How many of them must be there, and finite, before a loss is compared."""


class Breakpoints:
    """The conditions of a session, and the reason of the last break."""

    def __init__(self) -> None:
        self._conditions: list[AddBreakpoint] = []
        self.reason = ""

    def __len__(self) -> int:
        return len(self._conditions)

    def apply(self, command: AddBreakpoint | RemoveBreakpoint, engine: Engine) -> CommandResult:
        """Add a condition, take one away, or all.

        Raises
        ------
        RefusedError : it has nothing to watch, or the one to take away is not there
        """
        if isinstance(command, AddBreakpoint):
            check_target(command, engine)
            added = self.add(command)
            return CommandResult(
                added, "the run will pause then" if added else "that is set already"
            )
        if command.condition is None:
            count = self.clear()
            return CommandResult(bool(count), f"{count} taken away" if count else "there was none")
        if not self.remove(command.condition):
            known = [text.removeprefix("break when ") for text in self.texts()]
            raise RefusedError(
                f"{to_text(command.condition).removeprefix('break when ')!r} is no breakpoint "
                "here; " + (f"set are {join_or(known)}" if known else "none is set")
            )
        return CommandResult(True, f"{len(self)} left")

    def add(self, condition: AddBreakpoint) -> bool:
        """Add a condition; False if it is there already."""
        if condition in self._conditions:
            return False
        self._conditions.append(condition)
        return True

    def without_target(self, groups: Sequence[str]) -> tuple[str, ...]:
        """Return the conditions that name none of these groups, as commands."""
        return tuple(
            to_text(each)
            for each in self._conditions
            if each.group and not match_names(each.group, groups)
        )

    def remove(self, condition: AddBreakpoint) -> bool:
        """Take a condition away; False if it is not there."""
        if condition not in self._conditions:
            return False
        self._conditions.remove(condition)
        return True

    def clear(self) -> int:
        """Take all conditions away, and return how many there were."""
        count = len(self._conditions)
        self._conditions = []
        return count

    @property
    def conditions(self) -> tuple[AddBreakpoint, ...]:
        """The conditions, oldest first."""
        return tuple(self._conditions)

    def texts(self) -> tuple[str, ...]:
        """Return the conditions, as the commands that made them."""
        return tuple(to_text(each) for each in self._conditions)

    @property
    def holds_steps(self) -> bool:
        """Whether there is a condition on steps, not on what is measured between them."""
        return any(each.on != "accuracy" for each in self._conditions)

    def stop_condition(
        self, groups: Sequence[str], before: Sequence[float]
    ) -> HoldCondition | None:
        """Say what `hold` waits for, given the losses so far; None if it has to see every step."""
        kinds = {each.on for each in self._conditions}
        if "dead_units" in kinds:
            return None
        times = [each.limit for each in self._conditions if each.on == "loss"]
        norms: dict[str, float] = {}
        for condition in self._conditions:
            if condition.on == "grad_norm":
                for group in match_names(condition.group, groups):
                    norms[group] = min(condition.limit, norms.get(group, math.inf))
        return HoldCondition(
            finite="nan" in kinds,
            loss_times=min(times, default=None),
            average_over=AVERAGE_STEPS,
            average_least=MIN_AVERAGE_STEPS,
            before=before,
            grad_norms=norms,
        )

    def met(self, step: PendingStep, before: Sequence[float]) -> dict[AddBreakpoint, str]:
        """Return the conditions that a step meets, given the losses before it, each with why."""
        reasons = {each: self._why(each, step, before) for each in self._conditions}
        return {each: reason for each, reason in reasons.items() if reason}

    def check_accuracy(self, accuracy: float) -> bool:
        """Whether an accuracy that was just measured is one to pause at; `reason` says why."""
        for condition in self._conditions:
            if condition.on == "accuracy" and accuracy >= condition.limit:
                self.reason = f"accuracy {accuracy:g} has reached {condition.limit:g}"
                return True
        return False

    def _why(self, condition: AddBreakpoint, step: PendingStep, before: Sequence[float]) -> str:
        match condition.on:
            case "nan":
                return self._not_finite(step)
            case "loss":
                known = [each for each in before[-AVERAGE_STEPS:] if math.isfinite(each)]
                average = math.fsum(known) / len(known) if known else math.inf
                if len(known) >= MIN_AVERAGE_STEPS and step.loss > condition.limit * average:
                    return f"loss {step.loss:g} is above {condition.limit:g} x {average:g}"
            case "grad_norm":
                for group in match_names(condition.group, step.groups):
                    norm = step.grad_norm(group)
                    if norm > condition.limit:
                        return f"grad_norm of {group} is {norm:g}, above {condition.limit:g}"
            case "dead_units":
                return self._mostly_dead(condition, step)
        return ""

    def _mostly_dead(self, condition: AddBreakpoint, step: PendingStep) -> str:
        for layer in step.dead_units():
            if match_names(condition.group, [layer.group]):
                share = 100 * layer.dead / layer.units
                if share > condition.limit:
                    return (
                        f"{layer.dead} of the {layer.units} units of {layer.parameter} are dead "
                        f"({share:.3g}%, above {condition.limit:g}%)"
                    )
        return ""

    def _not_finite(self, step: PendingStep) -> str:
        where = step.non_finite()
        if not math.isfinite(step.loss):
            return f"loss is {step.loss}" + (
                f", and so is the gradient of {where}" if where else ""
            )
        return f"the gradient of {where} is not finite" if where else ""


def check_target(condition: AddBreakpoint, engine: Engine) -> None:
    """Check that a condition has something to watch.

    Raises
    ------
    RefusedError : it names no group, or one without a layer whose units could be dead
    """
    if not condition.group:
        return
    groups = engine.groups()
    aliases = {row.name: row.aliases for group in groups for row in group.parameters}
    named = resolve_groups(condition.group, [group.name for group in groups], aliases)
    if condition.on == "dead_units":
        with_units = dict.fromkeys(layer.group for layer in engine.dead_units())
        if not any(name in with_units for name in named):
            others = f" (groups that have one: {join_or(with_units)})" if with_units else ""
            raise RefusedError(f"no layer of {condition.group} is followed by a ReLU{others}")
