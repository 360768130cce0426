"""The names in the plan of a script's loop: checked before the loop begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tuitrain.commands import (
    AddBreakpoint,
    AddRule,
    AutoLr,
    Command,
    Decay,
    Freeze,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    SwapOptimizer,
    Thaw,
    TryLr,
)
from tuitrain.engines.targets import (
    KnownNames,
    check_parameters,
    resolve_groups,
    resolve_patterns,
)
from tuitrain.errors import RefusedError, did_you_mean
from tuitrain.metric_info import MetricInfo, unmeasured_message
from tuitrain.run.conditions.checks import check_metric
from tuitrain.scenario.expect import groups_in, unknown_group_message
from tuitrain.scenario.schema import Expect


def made_groups(command: Command) -> Iterator[str]:
    """Yield the names of the groups that a command makes, or a rule with its commands."""
    if isinstance(command, Regroup):
        yield command.name
    elif isinstance(command, AddRule):
        for action in command.actions():
            yield from made_groups(action)


def with_groups(known: KnownNames, names: Iterable[str]) -> KnownNames:
    """Return the names that are known when further groups are made."""
    return replace(known, groups=[*dict.fromkeys([*known.groups, *names])])


def check_command_names(command: Command, known: KnownNames, metrics: Sequence[MetricInfo]) -> None:
    """Check the target of a command, the optimizer that it names, and what its condition reads.

    Parameters
    ----------
    metrics : what the loop reports

    Raises
    ------
    RefusedError : it names what there is not
    """
    match command:
        case Freeze() | Thaw():
            check_parameters(command.target, known.groups, known.parameters)
        case SetLr() | ScaleLr() | AutoLr() | Decay() | SetSchedule() | SwapOptimizer() | TryLr():
            resolve_groups(command.target, known.groups, known.parameters)
        case Regroup():
            resolve_patterns(command.patterns, known.parameters)
        case AddBreakpoint():
            _check_condition(command, known, metrics)
        case AddRule():
            _check_condition(command.condition, known, metrics)
            for action in command.actions():
                check_command_names(action, known, metrics)
        case _:
            pass
    if isinstance(command, SwapOptimizer) and command.name not in known.optimizers:
        hint = did_you_mean(command.name, known.optimizers)
        raise RefusedError(
            f"unknown optimizer {command.name!r}{hint} (optimizers: {', '.join(known.optimizers)})"
        )


def _check_condition(
    condition: AddBreakpoint, known: KnownNames, metrics: Sequence[MetricInfo]
) -> None:
    if condition.is_on_metric:
        check_metric(condition, metrics)
    elif condition.group:
        resolve_groups(condition.group, known.groups, known.parameters)


def check_expected_names(expect: Expect, known: KnownNames, metrics: Sequence[MetricInfo]) -> None:
    """Check the groups, parameters and metrics of an expectation.

    Parameters
    ----------
    metrics : what the loop reports

    Raises
    ------
    RefusedError : it names what there is not
    """
    for name in groups_in(expect):
        if name not in known.groups:
            raise RefusedError(unknown_group_message(name, known.groups))
    for since in (expect.unchanged, expect.changed):
        resolve_patterns((since.params if since else None) or (), known.parameters)
    resolve_patterns(expect.grad_none or (), known.parameters)
    reported = [info.name for info in metrics]
    if expect.test_accuracy is not None and "accuracy" not in reported:
        raise RefusedError(f"test_accuracy: {unmeasured_message('accuracy', metrics)}")
    if expect.metric is not None and expect.metric.name not in reported:
        raise RefusedError(f"metric.name: {unmeasured_message(expect.metric.name, metrics)}")
