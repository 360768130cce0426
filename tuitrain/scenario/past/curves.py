"""What of a past run is drawn beside another: the curves of the line that it ended on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tuitrain.run.record_reading import HEADER
from tuitrain.run.snapshot import GroupHistory, Series
from tuitrain.scenario.rerun import scenario_of

from .courses import PastCourses
from .groups import PastGroups
from .history import read_history


@dataclass(frozen=True, slots=True, eq=False)
class FinalCurves:
    """What was measured along a line, and the courses of the groups that it ended with.

    Attributes
    ----------
    traces : learning rates follow from what was decided; |grad| and |Δw|/|w| are there for the
        steps that were looked at. None where the model or the data is gone.
    """

    loss: Series = field(default_factory=Series)
    accuracy: Series = field(default_factory=Series)
    traces: tuple[GroupHistory, ...] = ()


def final_curves(folder: Path) -> FinalCurves:
    """Return the curves of the line that a run ended on.

    Raises
    ------
    TuitrainError : the record cannot be read, or is damaged
    """
    _, scenario = scenario_of(folder)
    leg = read_history(folder).legs[-1]
    rates = PastGroups(scenario, str(folder / HEADER)).rates(leg.last, leg.decided)
    traces = PastCourses(folder).traces(leg.line, leg.last, rates)
    return FinalCurves(leg.line.loss.series(), leg.line.accuracy.series(), traces)
