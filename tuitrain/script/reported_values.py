"""Checking what a script reports with `run.log`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tuitrain.errors import RefusedError, did_you_mean, join_or
from tuitrain.metric_info import MetricInfo

LOSS = "loss"
"""The name under which the loss of the coming update is reported."""


def reported_numbers(
    unnamed: Sequence[object], values: Mapping[str, Any], metrics: Sequence[MetricInfo]
) -> dict[str, float]:
    """Return reported values as numbers.

    Parameters
    ----------
    unnamed : values that were given without a name, which is a mistake
    metrics : those that `watch` was given; ``loss`` is always known

    Raises
    ------
    RefusedError : a name is not among the metrics, or a value is not a number or
        has no name
    """
    if unnamed:
        raise RefusedError(
            f"run.log takes names with numbers, as in run.log(accuracy=0.9), but was given "
            f"{unnamed[0]!r:.60}"
        )
    known = [LOSS, *(info.name for info in metrics)]
    for name in values:
        if name not in known:
            raise RefusedError(
                f"watch(…, metrics=[…]) names no {name!r}{did_you_mean(name, known)} "
                f"(allowed: {join_or(known)})"
            )
    return {name: _number(name, value) for name, value in values.items()}


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        shape = getattr(value, "shape", None)
        what = f"{type(value).__name__} of shape {tuple(shape)}" if shape else repr(value)
        raise RefusedError(f"run.log takes numbers, but {name} is {what}") from None
