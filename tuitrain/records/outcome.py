"""The outcome of a recorded run: its last step, its last metrics, and how it ended.

`read_outcome` reads the summary that the run wrote at its end, or else the ends of its files. A
summary counts only if it was made from the present record; see `read_summary`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from tuitrain.commands import MAX_COUNT
from tuitrain.engines.registry import IMPORTED_ENGINE
from tuitrain.errors import TuitrainError
from tuitrain.metric_info import read_interval
from tuitrain.run.snapshot import OPEN_END

from .history import read_history
from .record_reader import JOURNAL, METRICS

Ending: TypeAlias = Literal["finished", "stopped", "failed", "interrupted", "unfinished"]
"""How a run ended. A run that was left, killed or still trains is unfinished."""

_TAIL = 1 << 16
"""Bytes at the end of a file that usually contain the outcome."""

# Steps have at most 15 digits, and Python refuses to read numbers of thousands of digits.
_LOSSES = re.compile(rb'\{"event":"loss","step":(\d{1,15}),"loss":\[([^\]]*)\]\}\n')
_METRIC = re.compile(
    rb'\{"event":"(?:metric|accuracy)","step":(\d{1,15}),'
    rb'(?:"name":"([^"\\]{1,256})","value"|"accuracy"):([^}]*)\}\n'
)
_COMMAND = re.compile(
    rb'\{"event":"command","step":(\d{1,15}),"command":"(\w+)[^\n]*"outcome":"applied"'
)
_END = re.compile(
    rb'\{"event":"end","step":(\d{1,15}),"branch":"[^"\\]{0,256}","reason":"(\w{1,16})"'
)


_MOVES = (b"rewind", b"undo", b"redo", b"branch")
"""The commands that lead to another step or branch."""


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a run.

    Attributes
    ----------
    step : steps taken at its end
    total : planned steps; 0 if unknown
    loss, accuracy : the last measured values; None if there is none or it is not finite
    metrics : the last measured values of the other metrics, by name
    """

    step: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 0
    total: Annotated[int, msgspec.Meta(ge=0)] = 0
    loss: float | None = None
    accuracy: float | None = None
    ending: Ending = "unfinished"
    metrics: dict[str, float | None] | msgspec.UnsetType = msgspec.UNSET

    def names(self) -> tuple[str, ...]:
        """Return the names of the metrics that were measured."""
        others = () if self.metrics is msgspec.UNSET else tuple(self.metrics)
        return others if self.accuracy is None else ("accuracy", *others)

    def metric(self, name: str) -> float | None:
        """Return the last value of a metric; None if there is none, or it is not finite."""
        if name == "accuracy":
            return self.accuracy
        return None if self.metrics is msgspec.UNSET else self.metrics.get(name)


def outcome_of_tails(folder: Path, scenario: Mapping[str, Any]) -> Outcome:
    """Read the outcome from the ends of a record's files.

    Parameters
    ----------
    scenario : the scenario in the record's header

    Raises
    ------
    OSError : a file cannot be read
    """
    metrics, journal = _Tail(folder / METRICS), _Tail(folder / JOURNAL)
    has_every_loss = scenario.get("engine") != IMPORTED_ENGINE
    step, loss, values = _end_of_branch(folder, journal, has_every_loss) or (
        *metrics.last_loss(),
        metrics.last_metrics(),
    )
    total = _total_steps(scenario, metrics)
    if total == OPEN_END:
        total = 0
    elif not total and _ends_at(step, metrics, journal):
        total = step
    ending = _ending(journal.content, step, total)
    accuracy = values.pop("accuracy", None)
    return Outcome(step, total, loss, accuracy, ending, values or msgspec.UNSET)


def _end_of_branch(
    folder: Path, journal: _Tail, has_every_loss: bool
) -> tuple[int, float | None, dict[str, float | None]] | None:
    """Return step, loss and metrics where a run ended that has moved in its history.

    The last lines of its metrics may be of a branch that it left. None for a run that has not moved
    of late, or whose history cannot be read.

    Parameters
    ----------
    has_every_loss : whether each step that was trained for the first time has a loss; an imported
        log ends with its last loss
    """
    if not any(match[2] in _MOVES for match in _COMMAND.finditer(journal.content)):
        return None
    try:
        history = read_history(folder)
    except TuitrainError:
        return None
    step, branch = history.last_step, history.segments[-1].branch
    losses = branch.loss_until(step)
    if len(losses) and not has_every_loss:
        step = int(losses.steps[-1])
    is_known = len(losses) and int(losses.steps[-1]) == step
    series = branch.metrics_until(step).items()
    values = {name: _finite(values.values[-1]) for name, values in series if len(values)}
    return step, _finite(losses.values[-1]) if is_known else None, values


def _ends_at(step: int, metrics: _Tail, journal: _Tail) -> bool:
    """Whether the last step seems to be the last one planned: measured, and with a digest."""
    lines = journal.content.splitlines()
    is_digest = bool(lines) and lines[-1].startswith(b'{"event":"digest","step":%d,' % step)
    return step > 0 and is_digest and metrics.measured_steps()[-1:] == [step]


class _Tail:
    """The end of a file of lines; the whole file is read only if necessary."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.content = b""
        if path.exists():
            with path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                self.content = file.read()
            if len(self.content) >= _TAIL and b"\n" not in self.content.rstrip(b"\n"):
                self.content = path.read_bytes()  # the last line is longer than the tail

    def last_loss(self) -> tuple[int, float | None]:
        """Return the last step and its loss; 0 and None if there is none."""
        step, loss = 0, None
        for match in _LOSSES.finditer(self.content):
            values = match[2].split(b",")
            step, loss = int(match[1]) + len(values) - 1, _number(values[-1])
        return step, loss

    def last_metrics(self) -> dict[str, float | None]:
        """Return the last value of each metric that was measured."""
        return {name: value for _, name, value in self._metrics(1)}

    def measured_steps(self, whole: bool = False) -> list[int]:
        """Return after how many steps metrics were measured: at least the last two times.

        Parameters
        ----------
        whole : whether to return them all
        """
        return list(dict.fromkeys(step for step, _, _ in self._metrics(2, whole)))

    def _metrics(self, min_steps: int, whole: bool = False) -> list[tuple[int, str, float | None]]:
        metrics = _all_metrics(self.content)
        steps = {step for step, _, _ in metrics}
        if (whole or len(steps) < min_steps) and len(self.content) >= _TAIL:
            metrics = _all_metrics(self._path.read_bytes())
        return metrics


def _all_metrics(content: bytes) -> list[tuple[int, str, float | None]]:
    return [
        (int(match[1]), (match[2] or b"accuracy").decode("utf-8", "replace"), _number(match[3]))
        for match in _METRIC.finditer(content)
    ]


def _total_steps(scenario: Mapping[str, Any], metrics: _Tail) -> int:
    """Return the length of a run, which its scenario has in steps or in epochs.

    An epoch has as many steps as there are between measurements, unless the scenario has another
    interval. From an interval in steps the length does not follow: it is 0.
    """
    steps, epochs = (_count(scenario.get(key)) for key in ("steps", "epochs"))
    if steps or not epochs:
        return steps
    interval = _evaluated_epochs(scenario)
    if interval == 1:
        return epochs * math.gcd(*metrics.measured_steps())
    first = next(iter(metrics.measured_steps(whole=True)), 0) if interval else 0
    # The first measurement is at the end of the run, if the run is not longer than the interval.
    return first if epochs <= interval else first // max(interval, 1) * epochs


def _evaluated_epochs(scenario: Mapping[str, Any]) -> int:
    """Return after how many epochs metrics are measured; 0 if the interval is in steps."""
    evaluate = scenario.get("evaluate")
    every = evaluate.get("every") if isinstance(evaluate, Mapping) else None
    interval = read_interval(every) if isinstance(every, str) else None
    if interval is None:
        return 1
    count, unit = interval
    return count if unit == "epoch" else 0


def _count(value: object) -> int:
    """Return a number of an unchecked scenario; 0 if it is not a number."""
    return value if isinstance(value, int) and 0 < value <= MAX_COUNT else 0


def _ending(journal: bytes, step: int, total: int) -> Ending:
    commands: Iterable[re.Match[bytes]] = _COMMAND.finditer(journal)
    last = max(commands, key=lambda match: match.start(), default=None)
    if last is not None and last[2] == b"stop" and int(last[1]) >= step:
        return "stopped"
    reason = _end_reason(journal, step, 0 if last is None else last.start())
    if reason in ("finished", "stopped", "failed"):
        return reason
    if total and step >= total:
        return "finished"
    return "interrupted" if reason == "interrupted" else "unfinished"


def _end_reason(journal: bytes, step: int, start: int) -> str:
    """Return why the run ended, if it has not continued since; else "".

    Parameters
    ----------
    start : where the last applied command is
    """
    last = max(_END.finditer(journal), key=lambda match: match.start(), default=None)
    if last is None or last.start() < start or int(last[1]) < step:
        return ""
    return last[2].decode()


def _number(text: bytes) -> float | None:
    try:
        return _finite(float(text))
    except ValueError:  # null: a loss that is not finite
        return None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
