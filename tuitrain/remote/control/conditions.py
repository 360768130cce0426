"""The conditions of ``ctl wait``: a step, a value, a breakpoint's condition, a pause, the end."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from tuitrain.commands import AddBreakpoint, parse
from tuitrain.engines.targets import match_names, resolve_groups
from tuitrain.errors import CommandError, TuitrainError
from tuitrain.metric_info import unmeasured_message
from tuitrain.run.conditions.checks import check_metric
from tuitrain.run.conditions.comparisons import average_loss, compare_metric
from tuitrain.run.snapshot import Phase, Series, Snapshot
from tuitrain.scenario.threshold import Threshold

_FORMS = (
    "step N, loss < X, METRIC >= X, nan, loss > xFACTOR, grad_norm GROUP > VALUE, break, paused "
    "or end"
)


def _check_nothing(snapshot: Snapshot) -> None:
    del snapshot


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the snapshots of a run.

    Attributes
    ----------
    text : as it was given
    holds : whether a snapshot meets it
    check : raises `TuitrainError` if the run has no group or metric that the condition names
    """

    text: str
    holds: Callable[[Snapshot], bool]
    check: Callable[[Snapshot], None] = _check_nothing


def parse_condition(text: str) -> Condition:
    """Return the condition that a string states.

    The conditions of breakpoints are read by the parser of ``break when``.

    Raises
    ------
    TuitrainError : it states none; lists the forms
    """
    words = text.strip()
    if words == "break":
        return Condition(text, _has_broken)
    if words in ("paused", "pause"):
        return Condition(text, lambda snapshot: snapshot.phase is Phase.PAUSED)
    if words in ("end", "ended"):
        return Condition(text, lambda snapshot: snapshot.phase.ended)
    if match := re.fullmatch(r"step\s+(\d{1,15})", words):
        step = int(match[1])
        return Condition(text, lambda snapshot: snapshot.step >= step)
    match = re.fullmatch(r"([^\W\d]\w*)\s*([<>=]+)\s*(.*)", words)
    threshold = Threshold.parse(f"{match[2]}{match[3]}") if match else None
    if match is not None and threshold is not None and match[1] == "loss":
        return Condition(text, lambda snapshot: _last_holds(snapshot.loss, threshold))
    if match is not None and threshold is not None and threshold.sign == "==":
        return _equality(text, match[1], threshold)
    written = words if match is None else " ".join(match.groups())
    return _of_breakpoint(text, written, threshold is not None)


def _equality(text: str, name: str, threshold: Threshold) -> Condition:
    """Return the condition that a metric has a value; a breakpoint has no such condition."""

    def check(snapshot: Snapshot) -> None:
        infos = snapshot.info.metrics
        if name not in [info.name for info in infos]:
            raise TuitrainError(unmeasured_message(name, infos))

    return Condition(
        text,
        lambda snapshot: _last_holds(snapshot.metrics.get(name, Series()), threshold),
        check,
    )


def _of_breakpoint(text: str, written: str, has_value: bool) -> Condition:
    """Return a condition as ``break when`` takes it.

    Parameters
    ----------
    written : the condition with spaces between its words
    has_value : whether it compares a name with a number, so that an error is about these
    """
    try:
        command = parse(f"break when {written}")
    except CommandError as error:
        if has_value:
            raise TuitrainError(f"--until {text!r:.80}: {error}") from None
        raise TuitrainError(
            f"--until {text!r:.80} is not a condition (allowed: {_FORMS})"
        ) from None
    assert isinstance(command, AddBreakpoint)
    if command.on == "dead_units":
        raise TuitrainError(
            f"--until {text!r:.80}: viewers do not see dead units; set a breakpoint with "
            f"'break when {written}', and wait --until break"
        )
    return Condition(
        text, lambda snapshot: _meets(command, snapshot), lambda snapshot: _check(command, snapshot)
    )


def _meets(condition: AddBreakpoint, snapshot: Snapshot) -> bool:
    """Return whether the newest step, or measurement, meets the condition of a breakpoint."""
    losses = snapshot.loss.values
    match condition.on:
        case "nan":
            return len(losses) > 0 and not math.isfinite(losses[-1])
        case "loss":
            average = average_loss(losses[:-1].tolist()[-_NEWEST:]) if len(losses) else None
            return average is not None and bool(losses[-1] > condition.limit * average)
        case "grad_norm":
            return any(
                group.grad_norm > condition.limit
                for group in snapshot.groups
                if match_names(condition.group, [group.name])
            )
        case name:
            value = snapshot.metrics.get(name, Series()).last
            return value is not None and bool(compare_metric(condition, value).is_met)


_NEWEST = 1000
"""Losses that are made a list of; an average needs fewer."""


def _check(condition: AddBreakpoint, snapshot: Snapshot) -> None:
    """Check that the run has the group or the metric that a condition names.

    Raises
    ------
    RefusedError : it has no such group or metric
    """
    if condition.is_on_metric:
        check_metric(condition, snapshot.info.metrics)
    elif condition.group and snapshot.groups:
        resolve_groups(condition.group, [group.name for group in snapshot.groups], {})


def _last_holds(series: Series, threshold: Threshold) -> bool:
    return series.last is not None and threshold.holds(series.last)


def _has_broken(snapshot: Snapshot) -> bool:
    """Whether a breakpoint has paused the run."""
    if snapshot.phase is not Phase.PAUSED:
        return False
    last = next(
        (entry for entry in reversed(snapshot.journal) if entry.step == snapshot.step), None
    )
    return last is not None and last.actor == "breakpoint"
