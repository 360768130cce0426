"""Verifying a record: repeating the recorded run and comparing."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tuitrain.engines.registry import (
    IMPORTED_ENGINE,
    ONLY_IMPORTED,
    ONLY_THE_SCRIPT,
    SCRIPT_ENGINE,
    engine_factory,
)
from tuitrain.errors import RunFailedError, ScenarioError
from tuitrain.records.provenance import describe_differences, script_to_repeat
from tuitrain.records.record_check import RecordCheck, Verdict
from tuitrain.records.record_format import ChangedLine, JournalLine, MetricsLine
from tuitrain.records.record_reader import (
    HEADER,
    SCHEMA,
    Header,
    read_header,
    read_journal,
    read_metrics,
)
from tuitrain.records.repetition import (
    RepeatedCommand,
    RepeatedEnd,
    is_repeated,
    repeated_actions,
)
from tuitrain.run.progress import ProgressCallback

from .datasets import resolve_data
from .load import convert_table
from .replay import replay
from .schema import Scenario


def make_header(scenario: Scenario, source: str = "") -> Header:
    """Return the header of a new run of a scenario; ``source`` is its file, if it has one."""
    environment = dict(engine_factory(scenario.engine).environment())
    return Header(
        SCHEMA,
        msgspec.to_builtins(scenario),
        environment,
        _working_directory(),
        scenario_folder=_folder_of(source),
    )


def _folder_of(source: str) -> str:
    """Return the folder of a scenario's file; "" if there is no such file."""
    with suppress(OSError, ValueError):  # such as a name that no file can have
        path = Path(source)
        return str(path.resolve().parent) if path.is_file() else ""
    return ""


def _working_directory() -> str:
    """Return the working directory; "" if it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - as the process has it, with symbolic links
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of repeating a recorded run.

    Attributes
    ----------
    verdict : the result of the comparison
    environment : differences between the environments, in words
    provenance : differences between data and source files, in words
    """

    verdict: Verdict
    environment: list[str]
    provenance: list[str]


class ProvenanceCheck(RecordCheck):
    """A check that also compares the provenance of model and data.

    Attributes
    ----------
    changes : the differences, in words
    """

    def __init__(
        self,
        made_from: Mapping[str, str],
        journal: list[JournalLine],
        metrics: list[MetricsLine],
    ) -> None:
        super().__init__(journal, metrics)
        self._recorded = made_from
        self.changes: list[str] = []

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Collect the differences of data and source files."""
        if self._recorded:
            self.changes = describe_differences(self._recorded, get_provenance())


def verify_record(
    folder: Path, on_progress: ProgressCallback, on_step: Callable[[int], None]
) -> Verification:
    """Repeat a recorded run to the end of its record, and compare.

    Raises
    ------
    TuitrainError : the folder has no run, or it cannot be read or built
    """
    header, scenario = read_repeatable(folder)
    check, actions = read_repetition(folder, header)
    events = replay(
        scenario,
        str(folder),
        on_progress,
        on_step,
        check,
        actions,
        check.is_done,
        rehearse_plan=False,
    )
    try:
        deque(events, maxlen=0)
    except RunFailedError:
        if not check.is_done():  # otherwise the recorded run failed at this step too
            raise
    environment = environment_differences(header.environment, scenario)
    return Verification(check.verdict(), environment, check.changes)


def read_repetition(
    folder: Path, header: Header
) -> tuple[ProvenanceCheck, list[RepeatedCommand | RepeatedEnd]]:
    """Return the recorder that compares a repetition with its record, and the actions to repeat.

    Raises
    ------
    TuitrainError : the record cannot be read
    """
    lines, made_from = _repeated(header, read_journal(folder))
    check = ProvenanceCheck(made_from, lines, read_metrics(folder))
    return check, list(repeated_actions(lines))


def _repeated(
    header: Header, journal: list[JournalLine]
) -> tuple[list[JournalLine], Mapping[str, str]]:
    """Return the repeatable lines, and the provenance of their model and data.

    A run that was resumed from its first step with changes is repeated with these changes.
    """
    made_from = header.provenance
    while journal and isinstance(first := journal[0], ChangedLine) and not first.metrics:
        made_from, journal = first.provenance, journal[1:]
    lines = [line for line in journal if is_repeated(line) or isinstance(line, ChangedLine)]
    return lines, made_from


def read_scenario(folder: Path) -> tuple[Header, Scenario]:
    """Read the header and the scenario of a record, with paths relative to the run's directory.

    Raises
    ------
    TuitrainError : the folder has no run, or its header cannot be read
    """
    header = read_header(folder)
    scenario = convert_table(header.scenario, f"{folder / HEADER}: the scenario")
    data = resolve_data(scenario.data, header.scenario_folder, header.directory)
    return header, msgspec.structs.replace(scenario, data=data)


def read_repeatable(folder: Path) -> tuple[Header, Scenario]:
    """Read the header and the scenario of a record that can be repeated, as `read_scenario` does.

    Raises
    ------
    TuitrainError : as `read_scenario`; or a script has trained the run, and says which one; or the
        run was imported
    """
    header, scenario = read_scenario(folder)
    if scenario.engine == IMPORTED_ENGINE:
        raise ScenarioError(f"{folder}: {ONLY_IMPORTED}")
    if scenario.engine == SCRIPT_ENGINE:
        raise ScenarioError(f"{folder}: {script_reason(header)}")
    return header, scenario


def is_run_of_script(header: Header) -> bool:
    """Whether a record is that of a script."""
    return header.scenario.get("engine") == SCRIPT_ENGINE


def script_reason(header: Header) -> str:
    """Say that the record of a script cannot be repeated, and how the script is run again."""
    return f"{ONLY_THE_SCRIPT}{script_to_repeat(header.provenance, header.directory)}"


def environment_differences(recorded: Mapping[str, str], scenario: Scenario) -> list[str]:
    """Return how the environment of a scenario's engine differs from the recorded one.

    Values that an older version did not record are not compared.
    """
    return describe_differences(recorded, engine_factory(scenario.engine).environment())
