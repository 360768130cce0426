"""The losses and metrics of a run at its present boundary."""

from __future__ import annotations

from collections.abc import Mapping

from .due_work import DueWork
from .history.timeline import Timeline


class RunMetrics:
    """Returns the losses and metrics of a run; measures them if necessary."""

    def __init__(self, timeline: Timeline, due_work: DueWork) -> None:
        self._timeline = timeline
        self._due_work = due_work

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch; at its end, of the epoch just ended.

        NaN before the first step.
        """
        return self._timeline.train_loss()

    def of_test_set(self) -> Mapping[str, float]:
        """Return the metrics of the test set now, by name; measured at most once a step."""
        return self._timeline.measure()

    def newest_reported(self) -> Mapping[str, float]:
        """Return the newest value of each metric that a script's loop has reported."""
        return self._due_work.newest_metrics()

    def are_measured(self) -> bool:
        """Whether the metrics of the test set are known at this boundary."""
        return self._due_work.is_measured()

    def record_last_report(self) -> None:
        """Record the metrics that a script's loop has reported for its last boundary."""
        self._due_work.record_last_report()
