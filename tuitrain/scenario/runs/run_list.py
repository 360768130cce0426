"""The list of recorded runs, made without reading whole records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tuitrain.encoding import truncate_utf8
from tuitrain.errors import TuitrainError
from tuitrain.metric_info import ACCURACY, MetricInfo, info_of
from tuitrain.records.outcome import Ending as OutcomeEnding
from tuitrain.records.record_reader import HEADER
from tuitrain.records.summary import read_outcome
from tuitrain.user_folders import state_folder

from ..verify import read_scenario
from .new_folder import reserve_folder

Ending: TypeAlias = OutcomeEnding | Literal["damaged"]
"""How a run ended; a damaged run cannot be read."""

MAX_LABEL_BYTES: Final = 160
"""Maximum bytes of the run's name in its folder's name; most systems allow 255."""


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A row of the list.

    Attributes
    ----------
    started_at : when its first step began
    step : steps taken when it ended
    total : planned steps; 0 if unknown
    loss : the last loss; NaN if there is none
    metrics : the last measured values by name; NaN if there is none
    main_metric : the metric that a list shows
    problem : why the run cannot be read, or ""
    """

    folder: Path
    name: str
    model: str
    data: str
    started_at: datetime
    step: int = 0
    total: int = 0
    loss: float = math.nan
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    main_metric: MetricInfo = ACCURACY
    ending: Ending = "unfinished"
    problem: str = ""

    @property
    def main_value(self) -> float:
        """The last value of the metric that a list shows; NaN if there is none."""
        return self.metrics.get(self.main_metric.name, math.nan)


def runs_folder() -> Path:
    """Return the default folder of records."""
    return state_folder() / "runs"


def new_run_folder(name: str) -> Path:
    """Return a new folder in the default folder of records, which no other process is given."""
    label = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    label = truncate_utf8(label, MAX_LABEL_BYTES)
    stem = f"{datetime.now():%Y-%m-%d-%H%M%S}-{label}"
    return reserve_folder(runs_folder(), stem, state_folder() / "reserved-names")


def list_runs(folder: Path) -> list[RecordedRun]:
    """Return the runs in a folder, newest first.

    Raises
    ------
    TuitrainError : the folder cannot be read; a missing folder has no runs
    """
    try:
        folders = [header.parent for header in folder.glob(f"*/{HEADER}")]
    except OSError as error:
        raise TuitrainError(f"{folder} cannot be read: {error.strerror}") from None
    runs = map(describe_run, folders)
    return sorted(runs, key=lambda run: (run.started_at, run.folder.name), reverse=True)


def describe_run(folder: Path) -> RecordedRun:
    """Return the row of a run; for an unreadable run it says why."""
    started_at = _started_at(folder)
    try:
        header, scenario = read_scenario(folder)
        outcome = read_outcome(folder, header)
    except (TuitrainError, OSError) as error:
        problem = str(error).removeprefix(f"{folder}/")
        return RecordedRun(
            folder, folder.name, "", "", started_at, ending="damaged", problem=problem
        )
    # A scenario that names no metric leaves the choice to its data; the record knows it.
    infos = list(map(info_of, scenario.metrics or outcome.names())) or [ACCURACY]
    values = {info.name: outcome.metric(info.name) for info in infos}
    return RecordedRun(
        folder=folder,
        name=scenario.name,
        model=scenario.model,
        data=scenario.data,
        started_at=started_at,
        step=outcome.step,
        total=outcome.total,
        loss=math.nan if outcome.loss is None else outcome.loss,
        metrics={name: math.nan if value is None else value for name, value in values.items()},
        main_metric=infos[0],
        ending=outcome.ending,
    )


def _started_at(folder: Path) -> datetime:
    """Return when a run started: its header is written only before the first step."""
    try:
        return datetime.fromtimestamp((folder / HEADER).stat().st_mtime)
    except OSError:
        return datetime.fromtimestamp(0)
