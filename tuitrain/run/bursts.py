"""The bursts of a session: steps, and the work that is due after them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
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

from .checkpoint_policy import next_group_sample
from .context import RunContext
from .final_digests import FinalDigests
from .handlers.rule_actions import RuleActions
from .logs.training_warnings import TrainingWarnings
from .run_metrics import RunMetrics
from .snapshot import Phase

_SETTINGS: Final = (SetLr, ScaleLr, AutoLr, SetSchedule, Decay, Clip, Pause, Resume, Step)
"""Commands that neither read nor change the metrics of the test set."""


class Bursts:
    """Takes steps up to the next boundary where work is due, and does the work there.

    Metrics, digests, group metrics and checkpoints are due after steps.

    Parameters
    ----------
    context : the parts of the run; its timeline has the other steps at which a burst must end
    metrics : records the metrics that are due
    warnings : of the training
    rule_actions : gives the commands of rules whose conditions have come true
    final_digests : notes which digests are recorded
    """

    def __init__(
        self,
        context: RunContext,
        metrics: RunMetrics,
        warnings: TrainingWarnings,
        rule_actions: RuleActions,
        final_digests: FinalDigests,
    ) -> None:
        self._context = context
        self._metrics = metrics
        self._warnings = warnings
        self._rule_actions = rule_actions
        self._final_digests = final_digests

    def run(self, should_stop: Callable[[], bool], max_steps: int | None) -> Sequence[float]:
        """Take steps, and return their losses; see `Session.run_burst`."""
        context, hold_policy = self._context, self._context.hold_policy
        is_paused = self._metrics.record_first_report()
        if self._rule_actions.act() or is_paused:
            return ()
        before, count = context.step, self._max_steps(max_steps)
        losses = context.timeline.advance(count, should_stop, *hold_policy.start_burst())
        is_held = hold_policy.end_burst()
        if losses:
            context.recorder.losses(before + 1, losses)
        if is_held:
            context.pause_at_breakpoint()
        if losses:
            if before == 0:
                self._warnings.check_first_steps(losses)
            self._finish(len(losses))
        self._rule_actions.act()
        return losses

    def accepts_while_measuring(self, command: AnyCommand) -> bool:
        """Whether a command may be applied during a measurement; see `Session`."""
        rules = self._context.rules
        acts = bool(rules.due or rules.steps or rules.are_on_metrics)
        return isinstance(command, _SETTINGS) and self._has_only_metrics and not acts

    def _max_steps(self, max_steps: int | None) -> int:
        """Return the maximum number of steps of a burst; ``max_steps`` is that of its caller."""
        step, info = self._context.step, self._context.info
        per_epoch = info.steps_per_epoch
        epoch_end = (step // per_epoch + 1) * per_epoch
        interval = info.evaluation_interval
        evaluation = (step // interval + 1) * interval
        stops = self._context.timeline.stops
        next_stop = stops[bisect_right(stops, step)]
        steps_left = self._context.run_state.steps_left
        checkpoint_every = self._context.policy.checkpoint_every
        limits = [limit for limit in (steps_left, max_steps) if limit is not None]
        limits.append(checkpoint_every - step % checkpoint_every)
        if self._context.policy.samples_groups:
            limits.append(next_group_sample(step) - step)
        if self._context.rules.are_on_metrics and not self._context.meets_at_each_step:
            limits.append(1)  # a rule acts where it is met, whatever the time between two meetings
        return min([min(epoch_end, evaluation, next_stop) - step, *limits])

    def _finish(self, count: int) -> None:
        """Do the work that is due after a burst of ``count`` steps."""
        context, recorder = self._context, self._context.recorder
        engine, step, policy = context.engine, context.step, context.policy
        at_end = step == context.info.total_steps
        epoch_ends = at_end or step % context.info.steps_per_epoch == 0
        digest_due = at_end or step % policy.digest_every == 0
        context.run_state.count_steps(count)
        if at_end or step % context.info.evaluation_interval == 0 or engine.has_reported:
            self._metrics.record()
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

    @property
    def _has_only_metrics(self) -> bool:
        """Whether only metrics, and the pause that they lead to, are recorded at this boundary.

        Otherwise a command that is applied before them would change the order of the record.
        """
        context = self._context
        step, policy, stops = context.step, context.policy, context.timeline.stops
        index = bisect_right(stops, step)
        is_stop = index > 0 and stops[index - 1] == step
        is_saved = step % policy.digest_every == 0 or step % policy.checkpoint_every == 0
        return not (is_stop or is_saved)
