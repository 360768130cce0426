"""The events of a headless run, as values for reports."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias

from tuitrain.metric_info import ACCURACY, MetricInfo
from tuitrain.run.snapshot import JournalEntry


@dataclass(frozen=True, slots=True)
class Started:
    """The session is before its first step."""

    scenario: str
    total_steps: int
    steps_per_epoch: int
    batch_size: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """A recorded run continues; the message says from which step, and why not from a later one."""

    step: int
    message: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """The record can no longer be written, or the loss cannot train; the run continues."""

    step: int
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An expectation, and whether it held.

    Attributes
    ----------
    step : the number of steps taken when it was checked
    expected : the expectation, in words
    held : whether it held
    found : the measured value, in words
    number : of the entry ``[[expect]]``, counted from 1; 0 for the end of the run
    key : the key of the entry, such as ``lr``; "" if none of its conditions could be checked
    """

    step: int
    expected: str
    held: bool
    found: str
    number: int = 0
    key: str = ""


Measured: TypeAlias = tuple[tuple[MetricInfo, float], ...]
"""The metrics of the test set in order, each with its value."""


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """The end of an epoch, with its mean loss.

    Attributes
    ----------
    metrics : the present values; empty if none are due
    """

    epoch: int
    step: int
    train_loss: float
    metrics: Measured


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The metrics were measured, within an epoch."""

    step: int
    metrics: Measured


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the run.

    Attributes
    ----------
    train_loss : the mean over the steps taken of the last epoch
    metrics : the values at the end
    ok : whether every expectation was checked and held, and no command was refused
    """

    step: int
    digest: str
    train_loss: float
    metrics: Measured
    ok: bool

    @property
    def test_accuracy(self) -> float:
        """The accuracy at the end; NaN if it is not measured."""
        return next((value for info, value in self.metrics if info == ACCURACY), math.nan)


Event: TypeAlias = (
    Started | Resumed | Trouble | JournalEntry | Finding | EpochEnded | Evaluated | Ended
)

_NAMES: dict[type, str] = {
    Started: "start",
    Resumed: "resume",
    Trouble: "trouble",
    JournalEntry: "command",
    Finding: "expect",
    EpochEnded: "epoch",
    Evaluated: "evaluate",
    Ended: "end",
}


def event_as_json(event: Event) -> dict[str, Any]:
    """Return the event as a JSON object: ``{"event": "end", …}``."""
    if isinstance(event, EpochEnded | Evaluated | Ended):
        values: dict[str, Any] = {}
        for field in fields(event):
            value = getattr(event, field.name)
            values |= _metric_keys(value) if field.name == "metrics" else {field.name: value}
    else:
        values = asdict(event)
        for name in ("ticket", "number", "key"):
            values.pop(name, None)
        if values.get("why") == "":
            del values["why"]
    return {"event": _NAMES[type(event)], **values}


def _metric_keys(measured: Measured) -> dict[str, Any]:
    """Return the keys of metrics: ``test_accuracy``, and all of them unless it is alone."""
    by_name = {info.name: value for info, value in measured}
    keys: dict[str, Any] = {}
    if ACCURACY.name in by_name:
        keys["test_accuracy"] = by_name[ACCURACY.name]
    return keys | ({"metrics": by_name} if set(by_name) - {ACCURACY.name} else {})
