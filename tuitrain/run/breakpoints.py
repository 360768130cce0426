"""Breakpoints: conditions on which a run pauses before an update is applied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from tuitrain.commands import AddBreakpoint, RemoveBreakpoint, to_text
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import HoldCondition, PendingStep
from tuitrain.engines.steerable import CommandResult
from tuitrain.engines.targets import match_names, resolve_groups
from tuitrain.errors import RefusedError
from tuitrain.metric_info import unmeasured_message

from .snapshot import Series

AVERAGE_STEPS: Final = 50
"""Steps over which the loss is averaged."""

MIN_AVERAGE_STEPS: Final = AVERAGE_STEPS // 5
"""The number of these steps that must have a finite loss before a loss is compared."""


class Breakpoints:
    """The conditions of a session.

    Attributes
    ----------
    reason : why the last step was held, or why a metric pauses the run
    """

    def __init__(self) -> None:
        self._conditions: dict[AddBreakpoint, int] = {}
        self.reason = ""

    def __len__(self) -> int:
        return len(self._conditions)

    def apply(self, command: AddBreakpoint | RemoveBreakpoint, engine: Engine) -> CommandResult:
        """Add a condition, remove one, or remove all.

        Raises
        ------
        RefusedError : the target of the condition does not exist, or there is no condition to
            remove
        """
        if isinstance(command, AddBreakpoint):
            check_target(command, engine)
            added = self.add(command, engine.step)
            return CommandResult(
                added, "the run will pause then" if added else "that is set already"
            )
        if command.condition is None:
            count = self.clear()
            return CommandResult(bool(count), _removed(count))
        if not self.remove(command.condition):
            known = [text.removeprefix("break when ") for text in self.texts()]
            raise RefusedError(
                f"{to_text(command.condition).removeprefix('break when ')!r} is no breakpoint "
                "here; " + (f"set are {', '.join(known)}" if known else "none is set")
            )
        return CommandResult(True, f"{len(self)} left")

    def add(self, condition: AddBreakpoint, since: int = 0) -> bool:
        """Add a condition at the boundary before step ``since``; return False if it exists."""
        if condition in self._conditions:
            return False
        self._conditions[condition] = since
        return True

    def remove(self, condition: AddBreakpoint) -> bool:
        """Remove a condition; return False if it does not exist."""
        if condition not in self._conditions:
            return False
        del self._conditions[condition]
        return True

    def clear(self) -> int:
        """Remove all conditions, and return how many there were."""
        count = len(self._conditions)
        self._conditions = {}
        return count

    def move_to(self, step: int) -> None:
        """Follow the run to another boundary: no condition is newer than this step."""
        self._conditions = {
            condition: min(since, step) for condition, since in self._conditions.items()
        }

    @property
    def conditions(self) -> tuple[AddBreakpoint, ...]:
        """The conditions, oldest first."""
        return tuple(self._conditions)

    @property
    def since(self) -> tuple[int, ...]:
        """The steps taken when each of the conditions was set, in their order."""
        return tuple(self._conditions.values())

    def was_set(self, condition: AddBreakpoint, step: int) -> bool:
        """Whether a condition was set already when step ``step`` (from 0) was checked."""
        return self._conditions.get(condition, step + 1) <= step

    def texts(self) -> tuple[str, ...]:
        """Return the conditions, as the commands that made them."""
        return tuple(to_text(condition) for condition in self._conditions)

    def without_target(self, groups: Sequence[str]) -> tuple[str, ...]:
        """Return the conditions that match none of these groups, as commands."""
        return tuple(
            to_text(condition)
            for condition in self._conditions
            if condition.group and not match_names(condition.group, groups)
        )

    @property
    def holds_steps(self) -> bool:
        """Whether a condition is checked within steps; metrics are checked between them."""
        return any(not condition.is_on_metric for condition in self._conditions)

    def stop_condition(
        self, groups: Sequence[str], losses: Sequence[float]
    ) -> HoldCondition | None:
        """Return the condition at which the engine ends a burst, given the losses so far.

        None if every step must be checked separately.
        """
        kinds = {condition.on for condition in self._conditions}
        if "dead_units" in kinds:
            return None
        times = [condition.limit for condition in self._conditions if condition.on == "loss"]
        norms: dict[str, float] = {}
        for condition in self._conditions:
            if condition.on == "grad_norm":
                for group in match_names(condition.group, groups):
                    norms[group] = min(condition.limit, norms.get(group, math.inf))
        return HoldCondition(
            non_finite="nan" in kinds,
            loss_factor=min(times, default=None),
            average_window=AVERAGE_STEPS,
            min_finite_losses=MIN_AVERAGE_STEPS,
            previous_losses=losses,
            grad_norms=norms,
        )

    def met(self, step: PendingStep, losses: Sequence[float]) -> dict[AddBreakpoint, str]:
        """Return the conditions that a step meets, with reasons, given the losses before it."""
        reasons = {condition: _reason(condition, step, losses) for condition in self._conditions}
        return {condition: reason for condition, reason in reasons.items() if reason}

    def check_metrics(self, step: int, curves: Mapping[str, Series]) -> bool:
        """Return whether metrics measured after ``step`` steps pause the run; sets `reason`.

        A condition pauses it at the first measurement that meets it, and again only after one that
        did not. Measurements before the condition was set do not count.

        Parameters
        ----------
        curves : the metrics of the present branch so far
        """
        for condition, since in self._conditions.items():
            curve = curves.get(condition.on) if condition.is_on_metric else None
            if curve is None or not len(curve.steps) or curve.steps[-1] != step:
                continue
            was_met = (
                len(curve.steps) > 1
                and curve.steps[-2] > since
                and _metric_reason(condition, float(curve.values[-2]))
            )
            reason = _metric_reason(condition, float(curve.values[-1]))
            if reason and not was_met:
                self.reason = reason
                return True
        return False


def check_target(condition: AddBreakpoint, engine: Engine) -> None:
    """Check that the group of a condition exists, with units if it counts them, or its metric.

    Raises
    ------
    RefusedError : there is no such group, or none of its layers has units that can be dead, or
        the metric is not measured
    """
    if condition.is_on_metric:
        _check_metric(condition, engine)
        return
    if not condition.group:
        return
    groups = engine.groups()
    aliases = {row.name: row.aliases for group in groups for row in group.parameters}
    names = resolve_groups(condition.group, [group.name for group in groups], aliases)
    if condition.on == "dead_units":
        engine.capabilities.require(Capability.DEAD_UNITS)
        with_units = dict.fromkeys(layer.group for layer in engine.count_dead_units())
        if not any(name in with_units for name in names):
            others = f" (groups that have one: {', '.join(with_units)})" if with_units else ""
            raise RefusedError(f"no layer of {condition.group} is followed by a ReLU{others}")


def _check_metric(condition: AddBreakpoint, engine: Engine) -> None:
    info = next((info for info in engine.metrics if info.name == condition.on), None)
    if info is None:
        raise RefusedError(unmeasured_message(condition.on, engine.metrics))
    if info.is_share and not 0 <= condition.limit <= 1:
        raise RefusedError(
            f"{info.name} is from 0 to 1 (97% is 0.97), but was given {condition.limit:g}"
        )


def _removed(count: int) -> str:
    """Say how many breakpoints were removed."""
    if not count:
        return "no breakpoint is set"
    return f"{count} breakpoint{'s' if count > 1 else ''} removed"


def _reason(condition: AddBreakpoint, step: PendingStep, losses: Sequence[float]) -> str:
    """Return why a step meets a condition, or ""."""
    match condition.on:
        case "nan":
            return _not_finite(step)
        case "loss":
            return _loss_above_average(condition, step, losses)
        case "grad_norm":
            return _grad_norm_above(condition, step)
        case "dead_units":
            return _mostly_dead(condition, step)
        case _:  # metrics are checked between steps
            return ""


def _metric_reason(condition: AddBreakpoint, value: float) -> str:
    """Return why a value of a metric meets a condition, or ""."""
    if condition.sign == ">=" and value >= condition.limit:
        return f"{condition.on} {value:g} has reached {condition.limit:g}"
    if condition.sign == "<=" and value <= condition.limit:
        return f"{condition.on} {value:g} is not above {condition.limit:g}"
    return ""


def _not_finite(step: PendingStep) -> str:
    where = step.find_non_finite()
    if not math.isfinite(step.loss):
        gradient = f", and so is the gradient of {where}" if where else ""
        return f"loss is {step.loss}{gradient}"
    return f"the gradient of {where} is not finite" if where else ""


def _loss_above_average(
    condition: AddBreakpoint, step: PendingStep, losses: Sequence[float]
) -> str:
    finite = [loss for loss in losses[-AVERAGE_STEPS:] if math.isfinite(loss)]
    average = math.fsum(finite) / len(finite) if finite else math.inf
    if len(finite) >= MIN_AVERAGE_STEPS and step.loss > condition.limit * average:
        return f"loss {step.loss:g} is above {condition.limit:g} x {average:g}"
    return ""


def _grad_norm_above(condition: AddBreakpoint, step: PendingStep) -> str:
    for group in match_names(condition.group, step.group_names):
        norm = step.grad_norm(group)
        if norm > condition.limit:
            return f"grad_norm of {group} is {norm:g}, above {condition.limit:g}"
    return ""


def _mostly_dead(condition: AddBreakpoint, step: PendingStep) -> str:
    for layer in step.count_dead_units():
        if match_names(condition.group, [layer.group]):
            share = 100 * layer.dead / layer.units
            if share > condition.limit:
                return (
                    f"{layer.dead} of the {layer.units} units of {layer.parameter} are dead "
                    f"({share:.3g}%, above {condition.limit:g}%)"
                )
    return ""
