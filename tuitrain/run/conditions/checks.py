"""Whether a step, or a measurement, meets a condition, and whether a condition can be set."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from tuitrain.commands import AddBreakpoint
from tuitrain.engines.capabilities import Capability
from tuitrain.engines.engine import Engine
from tuitrain.engines.pending_step import HoldCondition, PendingStep
from tuitrain.engines.targets import match_names, resolve_groups
from tuitrain.errors import RefusedError
from tuitrain.metric_info import MetricInfo, unmeasured_message

from ..snapshot import Series
from .comparisons import AVERAGE_STEPS, MIN_AVERAGE_STEPS, compare_metric, compare_step


def stop_condition(
    conditions: Iterable[AddBreakpoint], groups: Sequence[str], losses: Sequence[float]
) -> HoldCondition | None:
    """Return the condition at which the engine ends a burst, given the losses so far.

    None if every step must be checked separately.
    """
    every = tuple(conditions)
    kinds = {condition.on for condition in every}
    if "dead_units" in kinds:
        return None
    times = [condition.limit for condition in every if condition.on == "loss"]
    norms: dict[str, float] = {}
    for condition in every:
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


def step_reason(condition: AddBreakpoint, step: PendingStep, losses: Sequence[float]) -> str:
    """Return why a step meets a condition, or ""; metrics are checked between steps."""
    return "" if condition.is_on_metric else compare_step(condition, step, losses).reason


def new_metric_reason(
    condition: AddBreakpoint, since: int, step: int, curves: Mapping[str, Series]
) -> str:
    """Return why a metric measured after ``step`` steps meets a condition, or "".

    "" also if the measurement before did. Measurements before the condition was set do not count.

    Parameters
    ----------
    since : the steps taken when the condition was set
    curves : the metrics of the present branch so far
    """
    curve = curves.get(condition.on) if condition.is_on_metric else None
    if curve is None or not len(curve.steps) or curve.steps[-1] != step:
        return ""
    was_met = (
        len(curve.steps) > 1
        and curve.steps[-2] > since
        and compare_metric(condition, float(curve.values[-2])).is_met
    )
    return "" if was_met else compare_metric(condition, float(curve.values[-1])).reason


def check_target(condition: AddBreakpoint, engine: Engine) -> None:
    """Check that the group of a condition exists, with units if it counts them, or its metric.

    Raises
    ------
    RefusedError : there is no such group, or none of its layers has units that can be dead, or
        the metric is not measured
    """
    if condition.is_on_metric:
        check_metric(condition, engine.metrics)
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


def check_metric(condition: AddBreakpoint, metrics: Sequence[MetricInfo]) -> None:
    """Check that the metric of a condition is measured, and can have such a value.

    Raises
    ------
    RefusedError : it is not, or it cannot
    """
    info = next((info for info in metrics if info.name == condition.on), None)
    if info is None:
        raise RefusedError(unmeasured_message(condition.on, metrics))
    if info.is_share and not 0 <= condition.limit <= 1:
        raise RefusedError(
            f"{info.name} is from 0 to 1 (97% is 0.97), but was given {condition.limit:g}"
        )
