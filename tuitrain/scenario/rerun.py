"""Running a recorded run again, to see that it comes out the same."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tuitrain.errors import RunFailedError
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.record_format import ChangedLine, JournalLine, MetricsLine
from tuitrain.run.record_reading import (
    HEADER,
    SCHEMA,
    Header,
    read_header,
    read_journal,
    read_metrics,
)

from .datasets import located
from .load import checked
from .provenance import differences
from .record import asked_in, comes_again
from .record_check import RecordCheck, Verdict
from .replay import replay
from .schema import Scenario


def header_of(scenario: Scenario) -> Header:
    """Return what a run folder says of a scenario that is about to be run."""
    from tuitrain.engines.embedded.environment import environment

    return Header(SCHEMA, msgspec.to_builtins(scenario), environment(), _working_directory())


def _working_directory() -> str:
    """Return the folder where relative paths begin; "" if it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - as the process has it, with symbolic links
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of running a recorded run again.

    Attributes
    ----------
    verdict : whether it is the same
    environment : in what the environments differ, in words
    provenance : in what data and source files differ, in words
    """

    verdict: Verdict
    environment: list[str]
    provenance: list[str]


class _Check(RecordCheck):
    """A check that also compares what the model and the data are made from."""

    def __init__(
        self,
        made_from: Mapping[str, str],
        journal: list[JournalLine],
        metrics: list[MetricsLine],
    ) -> None:
        super().__init__(journal, metrics)
        self._recorded = made_from
        self.changes: list[str] = []

    def provenance(self, take: Callable[[], Mapping[str, str]]) -> None:
        """Note what is made from something else than it was."""
        if self._recorded:
            self.changes = differences(self._recorded, take())


def compare(folder: Path, tell: ProgressCallback, progress: Callable[[int], None]) -> Comparison:
    """Run a recorded run again, up to the end of its record.

    Raises
    ------
    TuitrainError : the folder holds no run, or it cannot be read or built
    """
    header, scenario = scenario_of(folder)
    lines, made_from = _repeated(header, read_journal(folder))
    check = _Check(made_from, lines, read_metrics(folder))
    asked = list(asked_in(lines))
    events = replay(
        scenario, str(folder), tell, progress, check, asked, check.over, rehearsed=False
    )
    try:
        deque(events, maxlen=0)
    except RunFailedError:
        if not check.over():  # else the recorded run failed at this step too
            raise
    return Comparison(check.verdict(), different_environments(header.environment), check.changes)


def _repeated(
    header: Header, journal: list[JournalLine]
) -> tuple[list[JournalLine], Mapping[str, str]]:
    """Return the lines that are to come again, and what model and data were made from for them.

    A run that was resumed from its first step although it had changed is the changed run.
    """
    made_from = header.provenance
    while journal and isinstance(first := journal[0], ChangedLine) and not first.metrics:
        made_from, journal = first.provenance, journal[1:]
    lines = [each for each in journal if comes_again(each) or isinstance(each, ChangedLine)]
    return lines, made_from


def scenario_of(folder: Path) -> tuple[Header, Scenario]:
    """Read what was run in a folder; relative paths begin where they did then.

    Raises
    ------
    TuitrainError : the folder holds no run, or its header cannot be read
    """
    header = read_header(folder)
    scenario = checked(header.scenario, f"{folder / HEADER}: the scenario")
    data = located(scenario.data, header.directory)
    return header, msgspec.structs.replace(scenario, data=data)


def different_environments(recorded: Mapping[str, str]) -> list[str]:
    """Say in what this environment differs from the recorded one.

    What an older version did not record is not compared.
    """
    from tuitrain.engines.embedded.environment import environment

    return differences(recorded, environment())
