"""The work that is due after steps: metrics, digests, group metrics and checkpoints."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from tuitrain.commands import (
    AnyCommand,
    AutoLr,
    Clip,
    Decay,
    Pause,
    Resume,
    ScaleLr,
    SetLr,
    SetSchedule,
    Step,
)
from tuitrain.engines.trainable import ignore_batch

from .checkpoint_policy import next_group_sample
from .context import RunContext
from .final_digests import FinalDigests
from .snapshot import Phase

_SETTINGS: Final = (SetLr, ScaleLr, AutoLr, SetSchedule, Decay, Clip, Pause, Resume, Step)
"""Commands that neither read nor change the metrics of the test set."""


class DueWork:
    """Ends bursts at the boundaries where work is due, and does the work there.

    Parameters
    ----------
    context : the parts of the run
    final_digests : notes which digests are recorded
    stops : the other steps at which a burst must end, in order; the last is that of the run

    Attributes
    ----------
    on_measuring : called after each batch of the test set, when metrics are due
    stops : the steps of the parameter ``stops``; may be replaced
    """

    def __init__(
        self, context: RunContext, final_digests: FinalDigests, stops: Sequence[int]
    ) -> None:
        self._context = context
        self._final_digests = final_digests
        self.stops = stops
        self.on_measuring = ignore_batch

    def burst_limit(self, max_steps: int | None) -> int:
        """Return how many steps a burst may take at most."""
        step, info = self._context.step, self._context.info
        per_epoch = info.steps_per_epoch
        epoch_end = (step // per_epoch + 1) * per_epoch
        interval = info.evaluation_interval
        evaluation = (step // interval + 1) * interval
        next_stop = self.stops[bisect_right(self.stops, step)]
        steps_left = self._context.run_state.steps_left
        limits = [limit for limit in (steps_left, max_steps) if limit is not None]
        if self._context.policy.samples_groups:
            limits.append(next_group_sample(step) - step)
        if self._context.rules.are_on_metrics and not self._context.meets_at_each_step:
            limits.append(1)  # a rule acts where it is met, whatever the time between two meetings
        return min([min(epoch_end, evaluation, next_stop) - step, *limits])

    def finish_burst(self, count: int) -> None:
        """Do the work that is due after a burst of ``count`` steps."""
        context, recorder = self._context, self._context.recorder
        engine, step, policy = context.engine, context.step, context.policy
        at_end = step == context.info.total_steps
        epoch_ends = at_end or step % context.info.steps_per_epoch == 0
        digest_due = at_end or step % policy.digest_every == 0
        context.run_state.count_steps(count)
        if at_end or step % context.info.evaluation_interval == 0 or engine.has_reported:
            self._record_metrics()
        branch = context.timeline.branch.name
        if digest_due:
            recorder.digest(step, branch, engine.digests())
            self._final_digests.mark_recorded()
        sample_due = policy.samples_groups and next_group_sample(step - 1) == step
        if epoch_ends or digest_due or sample_due:  # group metrics cost a fraction of both
            recorder.groups(step, branch, engine.groups, last=at_end)
        if at_end:
            context.run_state.phase = Phase.FINISHED
            context.alert("end", "has finished")
        elif step % policy.checkpoint_every == 0:
            context.checkpoints.save_auto()

    def accepts_while_measuring(self, command: AnyCommand) -> bool:
        """Whether a command may be applied during a measurement; see `Session`."""
        rules = self._context.rules
        acts = bool(rules.due or rules.steps)
        acts = acts or rules.are_on_metrics
        return isinstance(command, _SETTINGS) and self._has_only_metrics and not acts

    @property
    def _has_only_metrics(self) -> bool:
        """Whether only metrics, and the pause that they lead to, are recorded at this boundary.

        Otherwise a command that is applied before them would change the order of the record.
        """
        step, policy, stops = self._context.step, self._context.policy, self.stops
        index = bisect_right(stops, step)
        is_stop = index > 0 and stops[index - 1] == step
        is_saved = step % policy.digest_every == 0 or step % policy.checkpoint_every == 0
        return not (is_stop or is_saved)

    def is_measured(self) -> bool:
        """Whether the metrics of the test set are known at this boundary."""
        return self._context.timeline.branch.metrics.last_step == self._context.step

    def newest_metrics(self) -> Mapping[str, float]:
        """Return the newest value of each metric that a script's loop has reported."""
        engine, newest = self._context.engine, self._context.timeline.branch.metrics.newest()
        return {**newest, **engine.evaluate()} if engine.has_reported else newest

    def record_first_report(self) -> bool:
        """Record the metrics that a script's loop has reported, if this boundary has none yet.

        Returns
        -------
        Whether a breakpoint on a metric has paused the run
        """
        has_news = self._context.engine.has_reported and not self.is_measured()
        return has_news and self._record_metrics()

    def record_last_report(self) -> None:
        """Record the metrics that a script's loop has reported for its last boundary."""
        context = self._context
        if not context.engine.has_reported:
            return
        if not self.is_measured():
            self._record_metrics()
            return
        metrics = context.timeline.branch.metrics
        known = metrics.at(context.step)
        values = {name: v for name, v in context.engine.evaluate().items() if name not in known}
        metrics.add(context.step, values)
        context.recorder.metrics(context.step, values)

    def _record_metrics(self) -> bool:
        """Record the metrics of this boundary; return whether a breakpoint has paused the run."""
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
