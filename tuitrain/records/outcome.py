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

from .record_reader import JOURNAL, METRICS

Ending: TypeAlias = Literal["finished", "stopped", "unfinished"]
"""How a run ended. A run that was left, killed or still trains is unfinished."""

_TAIL = 1 << 16
"""Bytes at the end of a file that usually contain the outcome."""

# Steps have at most 15 digits, and Python refuses to read numbers of thousands of digits.
_LOSSES = re.compile(rb'\{"event":"loss","step":(\d{1,15}),"loss":\[([^\]]*)\]\}\n')
_ACCURACY = re.compile(rb'\{"event":"accuracy","step":(\d{1,15}),"accuracy":([^}]*)\}\n')
_COMMAND = re.compile(
    rb'\{"event":"command","step":(\d{1,15}),"command":"(\w+)[^\n]*"outcome":"applied"'
)


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a run.

    Attributes
    ----------
    step : steps taken at its end
    total : planned steps; 0 if unknown
    loss, accuracy : the last measured values; None if there is none or it is not finite
    """

    step: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 0
    total: Annotated[int, msgspec.Meta(ge=0)] = 0
    loss: float | None = None
    accuracy: float | None = None
    ending: Ending = "unfinished"


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
    step, loss = metrics.last_loss()
    total = _total_steps(scenario, metrics)
    ending = _ending(journal.content, step, total)
    return Outcome(step, total, loss, metrics.last_accuracy(), ending)


class _Tail:
    """The end of a file of lines; the whole file is read only if necessary."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.content = b""
        if path.exists():
            with path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                self.content = file.read()

    def last_loss(self) -> tuple[int, float | None]:
        """Return the last step and its loss; 0 and None if there is none."""
        step, loss = 0, None
        for match in _LOSSES.finditer(self.content):
            values = match[2].split(b",")
            step, loss = int(match[1]) + len(values) - 1, _number(values[-1])
        return step, loss

    def last_accuracy(self) -> float | None:
        """Return the last accuracy, or None."""
        accuracies = self._accuracies(1)
        return accuracies[-1][1] if accuracies else None

    def steps_per_epoch(self) -> int:
        """Return the number of steps between accuracies; 0 if there is none."""
        return math.gcd(*(step for step, _ in self._accuracies(2)))

    def _accuracies(self, min_count: int) -> list[tuple[int, float | None]]:
        accuracies = _all_accuracies(self.content)
        if len(accuracies) < min_count and len(self.content) >= _TAIL:
            accuracies = _all_accuracies(self._path.read_bytes())
        return accuracies


def _all_accuracies(content: bytes) -> list[tuple[int, float | None]]:
    return [(int(match[1]), _number(match[2])) for match in _ACCURACY.finditer(content)]


def _total_steps(scenario: Mapping[str, Any], metrics: _Tail) -> int:
    """Return the length of a run in steps; its scenario has steps or epochs."""
    steps, epochs = (_count(scenario.get(key)) for key in ("steps", "epochs"))
    return steps or epochs * metrics.steps_per_epoch()


def _count(value: object) -> int:
    """Return a number of an unchecked scenario; 0 if it is not a number."""
    return value if isinstance(value, int) and 0 < value <= MAX_COUNT else 0


def _ending(journal: bytes, step: int, total: int) -> Ending:
    commands: Iterable[re.Match[bytes]] = _COMMAND.finditer(journal)
    last = max(commands, key=lambda match: match.start(), default=None)
    if last is not None and last[2] == b"stop" and int(last[1]) >= step:
        return "stopped"
    return "finished" if total and step >= total else "unfinished"


def _number(text: bytes) -> float | None:
    try:
        value = float(text)
    except ValueError:  # null: a loss that is not finite
        return None
    return value if math.isfinite(value) else None
