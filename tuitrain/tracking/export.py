"""Export of a recorded run to the files of other tools."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tuitrain.engines.registry import IMPORTED_ENGINE, SCRIPT_ENGINE
from tuitrain.errors import TuitrainError
from tuitrain.records.branch_replay import RecordedDecision
from tuitrain.records.record_reader import HEADER, JOURNAL, METRICS
from tuitrain.scenario.runs.group_replay import GroupReplay
from tuitrain.scenario.schema import Scenario
from tuitrain.scenario.verify import read_scenario

from .follower import RunFollower
from .formats import WriterGroup, make_writer
from .record_feed import RecordFeed
from .run_facts import run_facts

_FOLDERS: Final = ("tensorboard",)
"""Formats with a folder for each run, in the folder that a user names."""

_FILES: Final = ("csv", "jsonl")
"""Formats with a single file."""


@dataclass(frozen=True, slots=True)
class Export:
    """The result of an export.

    Attributes
    ----------
    targets : the file or the folder by format
    rows : the number of rows of all branches
    branches : their names
    problem : what could not be exported, or ""
    """

    targets: Mapping[str, Path]
    rows: int
    branches: tuple[str, ...]
    problem: str


def export_run(folder: Path, places: Mapping[str, Path]) -> Export:
    """Write the values of a recorded run.

    Parameters
    ----------
    folder : of the run
    places : by format, a file of text or a folder of runs

    Raises
    ------
    TuitrainError : the folder has no run, the record is damaged, a library is missing, or a file
        exists already or cannot be written
    """
    header, scenario = read_scenario(folder)
    facts = run_facts(folder, header)
    rates = _Rates(folder, scenario)
    clock = _RecordClock(folder)
    feed = RecordFeed(folder, rates.find, clock.advance)
    clock.spread(feed.steps)
    targets = {
        name: place / facts.label if name in _FOLDERS else place for name, place in places.items()
    }
    try:
        with ExitStack() as files:
            writers = []
            for name, target in targets.items():
                writer = make_writer(name, target, facts)
                if name in _FILES:
                    files.push(partial(_remove_torn, target))
                files.callback(writer.close)
                writers.append(writer)
            group = WriterGroup(writers)
            feed.feed(RunFollower(group, clock.time))
    except OSError as error:
        where = error.filename or " or ".join(map(str, places.values()))
        raise TuitrainError(f"{where} cannot be written: {error.strerror}") from None
    return Export(targets, group.rows, tuple(group.branches), rates.problem)


def _remove_torn(target: Path, error: type[BaseException] | None, *_: object) -> None:
    """Remove a file that was begun, so that the export can be repeated after its error."""
    if error is not None:
        target.unlink(missing_ok=True)


class _Rates:
    """The learning rates of a record of an earlier version, which follow from its decisions."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self._folder, self._scenario = folder, scenario
        self._replay: GroupReplay | None = None

    @property
    def problem(self) -> str:
        """Why some learning rates are not known, or ""."""
        if self._replay is None or not self._replay.problem:
            return ""
        return f"the record has no learning rates, and {self._replay.problem}"

    def find(self, step: int, decisions: tuple[RecordedDecision, ...]) -> dict[str, float]:
        """Return the learning rates of the groups by name; {} if they are not known."""
        if self._scenario.engine in (SCRIPT_ENGINE, IMPORTED_ENGINE):
            return {}
        if self._replay is None:
            self._replay = GroupReplay(self._scenario, str(self._folder / HEADER))
        return {group.name: group.lr for group in self._replay.at(step, decisions)}


class _RecordClock:
    """Times of a record's steps, spread evenly between the times of its files: it has no others."""

    def __init__(self, folder: Path) -> None:
        self._first = _changed_at(folder / HEADER)
        self._last = max(_changed_at(folder / JOURNAL), _changed_at(folder / METRICS), self._first)
        self._seconds, self._steps = 0.0, 0

    def spread(self, steps: int) -> None:
        """Spread the time over the number of steps that the record has."""
        self._seconds = (self._last - self._first) / max(steps, 1)

    def advance(self) -> None:
        """Count a step."""
        self._steps += 1

    def time(self) -> float:
        """Return the time of the present step, in seconds since 1970."""
        return self._first + self._steps * self._seconds


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
