"""The names in the plan of a script's loop: checked before the loop begins."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.commands import (
    AnyCommand,
    AutoLr,
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
from tuitrain.scenario.expect import groups_in, unknown_group_message
from tuitrain.scenario.schema import Expect


def check_command_names(command: AnyCommand, known: KnownNames) -> None:
    """Check the target of a command, and the optimizer that it names.

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
        case _:
            pass
    if isinstance(command, SwapOptimizer) and command.name not in known.optimizers:
        hint = did_you_mean(command.name, known.optimizers)
        raise RefusedError(
            f"unknown optimizer {command.name!r}{hint} (optimizers: {', '.join(known.optimizers)})"
        )


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
