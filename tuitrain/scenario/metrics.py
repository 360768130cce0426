"""The metrics of a scenario, and how often they are measured: checks, plans and facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from tuitrain.engines.factory import MetricPlan
from tuitrain.errors import ScenarioError, did_you_mean, join_or
from tuitrain.metric_info import (
    ACCURACY,
    BUILT_IN_METRICS,
    MetricInfo,
    info_of,
    is_metric_name,
    metric_name,
    read_interval,
)
from tuitrain.user_code import UserCallable

from .import_spec import import_callable, type_name
from .schema import Evaluate, Scenario


def metric_problems(metrics: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys and problems of the names of metrics; no callable is imported."""
    names: list[str] = []
    for index, text in enumerate(metrics):
        key, name = f"metrics[{index}]", metric_name(text)
        module, colon, _ = text.partition(":")
        if not colon and text not in BUILT_IN_METRICS:
            yield (
                key,
                (
                    f"no metric is called {text!r:.60}{did_you_mean(text, BUILT_IN_METRICS)} "
                    f"(allowed: {join_or([*BUILT_IN_METRICS, 'package.module:callable'])})"
                ),
            )
        elif colon and (not module or not is_metric_name(name)):
            yield (
                key,
                (
                    "takes package.module:callable, with a callable whose name means nothing else, "
                    f"but was given {text!r:.60}"
                ),
            )
        elif name in names:
            yield key, f"a second metric is called {name!r}"
        names.append(name)


def evaluate_problem(evaluate: Evaluate) -> str:
    """Return what is wrong with ``evaluate``, or ""."""
    interval = read_interval(evaluate.every)
    if interval is None or not interval[0]:
        return (
            'takes a number of steps or epochs such as "500 steps" or "2 epochs", but was given '
            f"{evaluate.every!r:.60}"
        )
    return ""


def evaluate_every(evaluate: Evaluate | None, steps_per_epoch: int) -> int:
    """Return the steps between measurements; 0 for once an epoch."""
    interval = read_interval(evaluate.every) if evaluate is not None else None
    if interval is None:
        return 0
    count, unit = interval
    return count * (steps_per_epoch if unit == "epoch" else 1)


def default_metrics(has_class_targets: bool = True) -> tuple[str, ...]:
    """Return the metrics of a scenario that names none: the accuracy, or the loss of other data."""
    return (ACCURACY.name,) if has_class_targets else ("test_loss",)


def make_metric_plans(scenario: Scenario, has_class_targets: bool) -> tuple[MetricPlan, ...]:
    """Return the metrics of a scenario; callables are imported.

    Raises
    ------
    ScenarioError : a callable cannot be imported, or has a wrong attribute
    """
    return tuple(map(_plan, scenario.metrics or default_metrics(has_class_targets)))


def metric_infos(scenario: Scenario) -> tuple[MetricInfo, ...]:
    """Return the facts of a scenario's metrics; the defaults for a callable that is missing."""
    infos = []
    for text in scenario.metrics or default_metrics():
        info = info_of(text)
        with suppress(ScenarioError):
            info = _plan(text).info
        infos.append(info)
    return tuple(infos)


def _plan(text: str) -> MetricPlan:
    if text in BUILT_IN_METRICS:
        return MetricPlan(BUILT_IN_METRICS[text])
    function: Callable[..., Any] = import_callable("metrics", text, BUILT_IN_METRICS)
    info = MetricInfo(
        metric_name(text),
        _fact(text, function, "larger_is_better", True),
        _fact(text, function, "is_share", False),
    )
    return MetricPlan(info, UserCallable("metrics", text, function))


def _fact(text: str, function: object, name: str, default: bool) -> bool:
    """Return a fact that a callable has as an attribute."""
    value = getattr(function, name, default)
    if not isinstance(value, bool):
        raise ScenarioError(
            f"metrics: {text}.{name} must be True or False, but is a {type_name(value)}"
        )
    return value
