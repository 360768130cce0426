"""The curves of a recorded run's last branch, to be drawn with another run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tuitrain.records.history import read_history
from tuitrain.records.record_reader import HEADER
from tuitrain.run.snapshot import GroupHistory, Series

from ..verify import read_scenario
from .group_metrics import RecordedGroupMetrics
from .group_replay import GroupReplay


@dataclass(frozen=True, slots=True, eq=False)
class FinalCurves:
    """The curves of a branch.

    Attributes
    ----------
    metrics : the measured metrics of the test set, by name
    traces : the histories of the last groups: learning rates follow from the decisions, other
        metrics are known at recorded steps; empty if the model or the data no longer exists
    """

    loss: Series = field(default_factory=Series)
    metrics: Mapping[str, Series] = field(default_factory=dict[str, Series])
    traces: tuple[GroupHistory, ...] = ()


def final_curves(folder: Path) -> FinalCurves:
    """Return the curves of a run's last branch.

    Raises
    ------
    TuitrainError : the record cannot be read, or is damaged
    """
    _, scenario = read_scenario(folder)
    segment = read_history(folder).segments[-1]
    rates = GroupReplay(scenario, str(folder / HEADER)).lr_histories(
        segment.last, segment.decisions
    )
    traces = RecordedGroupMetrics(folder).histories(segment.branch, segment.last, rates)
    return FinalCurves(segment.branch.loss.series(), segment.branch.metrics.series(), traces)
