"""The metrics of a run at its boundaries: measured on the test set, or reported by a script."""

from __future__ import annotations

from collections.abc import Mapping

from tuitrain.engines.trainable import ignore_batch

from .context import RunContext


class RunMetrics:
    """Measures and records the metrics of a run, and checks the conditions that are on them.

    Parameters
    ----------
    context : the parts of the run

    Attributes
    ----------
    on_measuring : called after each batch of the test set, when metrics are recorded; may apply
        commands that the session `accepts_while_measuring`
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self.on_measuring = ignore_batch

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch; at its end, of the epoch just ended.

        NaN before the first step.
        """
        return self._context.timeline.train_loss()

    def of_test_set(self) -> Mapping[str, float]:
        """Return the metrics of the test set now, by name; measured at most once a step."""
        return self._context.timeline.measure()

    def are_measured(self) -> bool:
        """Whether the metrics of the test set are known at this boundary."""
        return self._context.timeline.branch.metrics.last_step == self._context.step

    def newest_reported(self) -> Mapping[str, float]:
        """Return the newest value of each metric that a script's loop has reported."""
        engine, newest = self._context.engine, self._context.timeline.branch.metrics.newest()
        return {**newest, **engine.evaluate()} if engine.has_reported else newest

    def record(self) -> bool:
        """Measure and record the metrics of this boundary, and check the conditions on them.

        Returns
        -------
        Whether a breakpoint has paused the run
        """
        context, step = self._context, self._context.step
        values = context.timeline.measure(self.on_measuring)
        at_end = step == context.info.total_steps
        context.recorder.metrics(step, values)
        curves = context.timeline.branch.metrics.series()
        if not at_end:
            context.rules.check_metrics(step, curves)
        is_met = not at_end and context.breakpoints.check_metrics(step, curves)
        if is_met:
            context.pause_at_breakpoint()
        return is_met

    def record_first_report(self) -> bool:
        """Record the metrics that a script's loop has reported, if this boundary has none yet.

        Returns
        -------
        Whether a breakpoint on a metric has paused the run
        """
        has_news = self._context.engine.has_reported and not self.are_measured()
        return has_news and self.record()

    def record_last_report(self) -> None:
        """Record the metrics that a script's loop has reported for its last boundary."""
        context = self._context
        if not context.engine.has_reported:
            return
        if not self.are_measured():
            self.record()
            return
        metrics = context.timeline.branch.metrics
        known = metrics.at(context.step)
        values = {name: v for name, v in context.engine.evaluate().items() if name not in known}
        metrics.add(context.step, values)
        context.recorder.metrics(context.step, values)
