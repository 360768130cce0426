"""The runs that were: what a list shows of each, without reading all of it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tuitrain.encoding import truncate_utf8
from tuitrain.errors import TuitrainError
from tuitrain.records.record_reader import HEADER, JOURNAL, METRICS
from tuitrain.scenario.schema import Scenario
from tuitrain.scenario.verify import read_scenario
from tuitrain.user_folders import state_folder

Ending: TypeAlias = Literal["finished", "stopped", "unfinished", "damaged"]
"""How a run ended. One that was left or killed is unfinished, and so is one that is still going."""

_TAIL = 1 << 16
"""Bytes at the end of a file, in which most of what a list shows is found."""

_LABEL = 60
"""Characters of a run's name in that of its folder; a file's name has 255 bytes at most."""

# No step has more than 15 digits, and Python refuses to read numbers of thousands of them.
_LOSSES = re.compile(rb'\{"event":"loss","step":(\d{1,15}),"loss":\[([^\]]*)\]\}\n')
_ACCURACY = re.compile(rb'\{"event":"accuracy","step":(\d{1,15}),"accuracy":([^}]*)\}\n')
_COMMAND = re.compile(
    rb'\{"event":"command","step":(\d{1,15}),"command":"(\w+)[^\n]*"outcome":"applied"'
)


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run folder, in a line.

    Attributes
    ----------
    started_at : when its first step was about to be taken
    step : steps taken when it ended
    total : steps it was to take; 0 where the folder does not tell
    loss, accuracy : the last that were measured; NaN if none was
    problem : what is wrong with a damaged one, or ""
    """

    folder: Path
    name: str
    model: str
    data: str
    started_at: datetime
    step: int = 0
    total: int = 0
    loss: float = math.nan
    accuracy: float = math.nan
    ending: Ending = "unfinished"
    problem: str = ""


MAX_LABEL_BYTES: Final = 160
"""Bytes of a run's name in the name of its folder; most systems take 255 in all."""


def runs_folder() -> Path:
    """Return where runs are recorded that nobody named a folder for."""
    return state_folder() / "runs"


def new_run_folder(name: str) -> Path:
    """Choose a folder for a run that nobody named one for."""
    label = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    label = truncate_utf8(label, MAX_LABEL_BYTES)
    return runs_folder() / f"{datetime.now():%Y-%m-%d-%H%M%S}-{label}"


def list_runs(folder: Path) -> list[RecordedRun]:
    """Return the runs whose folders are in a folder, the newest first.

    Raises
    ------
    TuitrainError : the folder cannot be read; one that is not there holds no runs
    """
    try:
        found = [each.parent for each in folder.glob(f"*/{HEADER}")]
    except OSError as error:
        raise TuitrainError(f"{folder} cannot be read: {error.strerror}") from None
    return sorted(
        map(describe_run, found), key=lambda run: (run.started_at, run.folder.name), reverse=True
    )


def describe_run(folder: Path) -> RecordedRun:
    """Return what a list shows of a run; of one that cannot be read, why."""
    started_at = _began(folder)
    try:
        _, scenario = read_scenario(folder)
        metrics = _Tail(folder / METRICS)
        journal = _Tail(folder / JOURNAL).content
    except (TuitrainError, OSError) as error:
        problem = str(error).removeprefix(f"{folder}/")
        return RecordedRun(
            folder, folder.name, "", "", started_at, ending="damaged", problem=problem
        )
    step, loss = metrics.last_loss()
    total, accuracy = _total(scenario, metrics), metrics.last_accuracy()
    return RecordedRun(
        folder=folder,
        name=scenario.name,
        model=scenario.model,
        data=scenario.data,
        started_at=started_at,
        step=step,
        total=total,
        loss=loss,
        accuracy=accuracy,
        ending=_ending(journal, step, total),
    )


class _Tail:
    """The end of a file of lines; all of it only where that is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.content = b""
        if path.exists():
            with path.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
                self.content = file.read()

    def last_loss(self) -> tuple[int, float]:
        """Return the last step and its loss; 0 and NaN if there is none."""
        step, loss = 0, math.nan
        for found in _LOSSES.finditer(self.content):
            values = found[2].split(b",")
            step, loss = int(found[1]) + len(values) - 1, _number(values[-1])
        return step, loss

    def last_accuracy(self) -> float:
        """Return the last accuracy, or NaN."""
        found = self._accuracies(1)
        return found[-1][1] if found else math.nan

    def steps_per_epoch(self) -> int:
        """Return after how many steps accuracies were measured; 0 if none was."""
        return math.gcd(*(step for step, _ in self._accuracies(2)))

    def _accuracies(self, least: int) -> list[tuple[int, float]]:
        found = _all_accuracies(self.content)
        if len(found) < least and len(self.content) >= _TAIL:
            found = _all_accuracies(self._path.read_bytes())
        return found


def _all_accuracies(content: bytes) -> list[tuple[int, float]]:
    return [(int(found[1]), _number(found[2])) for found in _ACCURACY.finditer(content)]


def _total(scenario: Scenario, metrics: _Tail) -> int:
    """Return the length of a run, which is in its scenario, if only in epochs."""
    return scenario.steps or (scenario.epochs or 0) * metrics.steps_per_epoch()


def _ending(journal: bytes, step: int, total: int) -> Ending:
    commands: Iterable[re.Match[bytes]] = _COMMAND.finditer(journal)
    last = max(commands, key=lambda found: found.start(), default=None)
    if last is not None and last[2] == b"stop" and int(last[1]) >= step:
        return "stopped"
    return "finished" if total and step >= total else "unfinished"


def _began(folder: Path) -> datetime:
    """Return when a run started: its header is written before the first step, once."""
    try:
        return datetime.fromtimestamp((folder / HEADER).stat().st_mtime)
    except OSError:
        return datetime.fromtimestamp(0)


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:  # null: a loss that is not finite
        return math.nan
