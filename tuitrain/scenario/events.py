"""The events of a headless run, as values for reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

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
    """The record can no longer be written; the training continues."""

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
    found : what was found, in words
    """

    step: int
    expected: str
    held: bool
    found: str


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """The end of an epoch, with its mean loss and the present accuracy."""

    epoch: int
    step: int
    train_loss: float
    test_accuracy: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the run.

    Attributes
    ----------
    train_loss : the mean over the steps taken of the last epoch
    ok : whether every expectation was checked and held, and no command was refused
    """

    step: int
    digest: str
    train_loss: float
    test_accuracy: float
    ok: bool


Event: TypeAlias = Started | Resumed | Trouble | JournalEntry | Finding | EpochEnded | Ended

_NAMES: dict[type, str] = {
    Started: "start",
    Resumed: "resume",
    Trouble: "trouble",
    JournalEntry: "command",
    Finding: "expect",
    EpochEnded: "epoch",
    Ended: "end",
}


def event_as_json(event: Event) -> dict[str, Any]:
    """Return the event as a JSON object: ``{"event": "end", …}``."""
    fields = asdict(event)
    fields.pop("ticket", None)
    return {"event": _NAMES[type(event)], **fields}
