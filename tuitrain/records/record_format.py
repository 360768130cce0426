"""The format of a record's files: a struct for each kind of line, and their readers.

Unknown keys are ignored, because a later version may write them. Values of other types, numbers out
of range and damaged bytes are errors that name the file and the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec

from tuitrain.commands import MAX_COUNT, parse
from tuitrain.decoding import decode_json
from tuitrain.encoding import strip_bom
from tuitrain.errors import CommandError, RefusedError, TuitrainError
from tuitrain.run.authorship import Actor, check_actor, check_why
from tuitrain.run.group_metrics import GroupMetrics
from tuitrain.run.journal_entry import MAX_OUTSIDE_TICKET, NO_TICKET
from tuitrain.run.snapshot import EndReason, Outcome

_Line = TypeVar("_Line")

StepCount: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
"""A number of steps taken."""


Ticket: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_OUTSIDE_TICKET)]
"""The number of a command, or `NO_TICKET`."""


class CommandLine(msgspec.Struct, frozen=True, tag_field="event", tag="command"):
    """A command or an expectation, and its outcome.

    Attributes
    ----------
    step : the steps taken before it
    command : its text, or ``expect …``; the text of an applied command can be parsed
    actor : who gave it
    outcome : applied, unchanged or refused; for an expectation, met or not met
    message : the answer
    why : the reason that was given for it; left out where there is none
    id : the number that its viewer gave it, so that it is applied once; 0 for other commands
    """

    step: StepCount
    command: str
    actor: Actor
    outcome: Outcome
    message: str = ""
    why: str = ""
    id: Ticket = NO_TICKET


class DigestLine(msgspec.Struct, frozen=True, tag_field="event", tag="digest"):
    """Digests of the state.

    Attributes
    ----------
    step : the steps taken before it
    branch : the branch of these steps
    digests : by parameter, digests of its bytes and its optimizer state
    """

    step: StepCount
    branch: str
    digests: dict[str, str]


class EndLine(msgspec.Struct, frozen=True, tag_field="event", tag="end"):
    """The end of a run, with digests of its state.

    Attributes
    ----------
    step : the steps taken
    branch : the last branch
    reason : why the run ends
    digests : by parameter, digests of its bytes and its optimizer state
    """

    step: StepCount
    branch: str
    reason: EndReason
    digests: dict[str, str]


class ChangedLine(msgspec.Struct, frozen=True, tag_field="event", tag="changed"):
    """The run was resumed although its data or sources have changed.

    Attributes
    ----------
    step : the steps taken before it
    metrics : the number of losses and metrics before it
    changes : what has changed, in words
    provenance : the new digests of the data and of the source files, by name
    """

    step: StepCount
    metrics: StepCount
    changes: list[str]
    provenance: dict[str, str]


JournalLine: TypeAlias = CommandLine | DigestLine | EndLine | ChangedLine


class LossLine(msgspec.Struct, frozen=True, tag_field="event", tag="loss"):
    """Losses of consecutive steps.

    Attributes
    ----------
    step : the first of these steps, counted from 1
    loss : the losses; null for one that is not finite
    """

    step: Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNT)]
    loss: list[float | None]


class AccuracyLine(msgspec.Struct, frozen=True, tag_field="event", tag="accuracy"):
    """The accuracy on the test set.

    Attributes
    ----------
    step : the steps taken before it
    accuracy : from 0 to 1; null if it is not finite
    """

    step: StepCount
    accuracy: float | None


class MetricLine(msgspec.Struct, frozen=True, tag_field="event", tag="metric"):
    """A metric of the test set other than the accuracy.

    Attributes
    ----------
    step : the steps taken before it
    name : the metric's name
    value : null if it was not finite
    """

    step: StepCount
    name: str
    value: float | None


MetricsLine: TypeAlias = LossLine | AccuracyLine | MetricLine
"""A line of ``metrics.jsonl``: losses, or one metric of the test set."""


def metric_value(line: AccuracyLine | MetricLine) -> tuple[str, float | None]:
    """Return the name and the value of the metric that a line holds."""
    if isinstance(line, MetricLine):
        return line.name, line.value
    return "accuracy", line.accuracy


def metric_fields(step: int, name: str, value: float) -> dict[str, Any]:
    """Return the fields of a metric's line; the accuracy's is as it was in older versions."""
    if name == "accuracy":
        return {"event": "accuracy", "step": step, "accuracy": value}
    return {"event": "metric", "step": step, "name": name, "value": value}


_JOURNAL: Final = msgspec.json.Decoder[JournalLine](JournalLine)
_METRICS: Final = msgspec.json.Decoder[MetricsLine](MetricsLine)
_GROUPS: Final = msgspec.json.Decoder(GroupMetrics)


def read_journal_lines(path: Path) -> list[JournalLine]:
    """Read a journal's whole lines, oldest first; an incomplete last line is skipped.

    Raises
    ------
    TuitrainError : it cannot be read, or a line is damaged; names the file and the line
    """
    lines = _decoded_lines(path, _JOURNAL)
    for number, line in enumerate(lines, start=1):
        if isinstance(line, CommandLine):
            _check_command(f"{path}, line {number}", line)
    return lines


def read_metrics_lines(path: Path) -> list[MetricsLine]:
    """Read the whole lines of losses and metrics, oldest first.

    Raises
    ------
    TuitrainError : as `read_journal_lines`
    """
    return _decoded_lines(path, _METRICS)


def read_groups_lines(path: Path) -> list[GroupMetrics]:
    """Read the whole lines of group metrics, oldest first.

    Raises
    ------
    TuitrainError : as `read_journal_lines`
    """
    return _decoded_lines(path, _GROUPS)


def count_metrics(lines: Iterable[MetricsLine]) -> int:
    """Return the number of losses and metrics."""
    return sum(len(line.loss) if isinstance(line, LossLine) else 1 for line in lines)


def _check_command(source: str, line: CommandLine) -> None:
    """Check the actor and the reason of a command, and the text of an applied one."""
    try:
        check_actor(line.actor)
        check_why(line.why)
        if line.outcome == "applied":
            parse(line.command)
    except (CommandError, RefusedError) as error:
        raise TuitrainError(f"{source}: {error}") from None


def _decoded_lines(path: Path, decoder: msgspec.json.Decoder[_Line]) -> list[_Line]:
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise TuitrainError(f"{path} cannot be read: {error.strerror}") from None
    lines = strip_bom(content).split(b"\n")[:-1]
    return [
        decode_json(line, decoder, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
    ]
