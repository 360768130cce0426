"""Examples of conditions, with the groups and the metrics of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from tuitrain.commands import AddBreakpoint, condition_text
from tuitrain.errors import CommandError
from tuitrain.metric_info import MetricInfo
from tuitrain.run.snapshot import Series, Snapshot

_MAX_METRICS: Final = 2

T = TypeVar("T")


def condition_examples(snapshot: Snapshot, group_with_units: str = "") -> list[str]:
    """Return a condition of each kind that the run can have.

    Parameters
    ----------
    group_with_units : a group whose dead units are counted; "" if none is known
    """
    conditions = [AddBreakpoint("nan"), AddBreakpoint("loss", 1.5)]
    conditions += _possible(_gradient_condition, [group.name for group in snapshot.groups])[:1]
    if group_with_units:
        conditions.append(_units_condition(group_with_units))

    def on_metric(info: MetricInfo) -> AddBreakpoint:
        return _metric_condition(info, snapshot.metrics.get(info.name, Series()))

    conditions += _possible(on_metric, snapshot.reported_metrics)[:_MAX_METRICS]
    return [condition_text(condition) for condition in conditions]


def units_conditions(snapshot: Snapshot) -> list[AddBreakpoint]:
    """Return conditions on the dead units of each group, of which the run may refuse some."""
    return _possible(_units_condition, [group.name for group in snapshot.groups])


def rule_example(snapshot: Snapshot) -> str:
    """Return a rule; it goes back where the run can."""
    back = "" if snapshot.no_way_back else "rewind by 200; "
    return f"loss > x3 do {back}lr * x0.5; at most 3 times"


def _metric_condition(info: MetricInfo, values: Series) -> AddBreakpoint:
    """Return a condition on a metric: a good share, or about the best value so far."""
    sign = ">=" if info.larger_is_better else "<="
    best = info.best(values.values.tolist()) if len(values) else None
    limit = 0.97 if info.is_share else float(f"{best:.2g}") if best is not None else 0.15
    return AddBreakpoint(info.name, limit, sign=sign)


def _gradient_condition(group: str) -> AddBreakpoint:
    return AddBreakpoint("grad_norm", 10, group)


def _units_condition(group: str) -> AddBreakpoint:
    return AddBreakpoint("dead_units", 50, group)


def _possible(
    condition_on: Callable[[T], AddBreakpoint], items: Iterable[T]
) -> list[AddBreakpoint]:
    """Return the conditions on those items whose names a command can have."""
    conditions: list[AddBreakpoint] = []
    for item in items:
        try:
            conditions.append(condition_on(item))
        except CommandError:
            continue
    return conditions
