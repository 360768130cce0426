"""The session: the work at each step boundary, and its order.

A session has no clock and no thread, so a run under the screen and a headless replay apply the same
commands at the same steps. At the boundary before a step come first the commands planned for it,
then submitted commands, then what the owner of the session checks there, then the step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tuitrain.commands import AnyCommand, Pause, to_text
from tuitrain.engines.engine import Engine
from tuitrain.errors import RefusedError

from .checkpoint_policy import DEFAULT_POLICY, CheckpointPolicy
from .command_handlers import handle_command
from .context import RunContext
from .final_digests import FinalDigests
from .logs.training_warnings import first_steps_problem
from .lr_sweep import preview_update
from .recorder import NULL_RECORDER, Recorder
from .session_state import PlannedCommand, SessionState
from .snapshot import (
    Actor,
    EndReason,
    JournalEntry,
    Outcome,
    Phase,
    RunInfo,
    Snapshot,
    UpdatePreview,
)
from .snapshot_builder import build_snapshot

NO_TICKET = 0
"""The ticket of commands that a scenario planned, which have no submitter."""


class Session:
    """A run without a clock and without a thread.

    Parameters
    ----------
    engine : trains the model
    info : what is trained, and for how many steps
    planned : commands with their steps; those of one step are applied in the given order
    stops : further steps at which a burst must end, because the session's owner has work there
    recorder : records what happens
    policy : how often states, digests and checkpoints are saved

    Attributes
    ----------
    recorder, timeline, journal, plan, checkpoints, breakpoints : the parts of the run
    on_boundary : called at the boundaries of a live run, after the commands
    on_warning : called with a sentence, if the first steps show that the run cannot learn, or
        retrained steps that they do not repeat
    """

    def __init__(
        self,
        engine: Engine,
        info: RunInfo,
        planned: Iterable[PlannedCommand] = (),
        stops: Iterable[int] = (),
        recorder: Recorder = NULL_RECORDER,
        policy: CheckpointPolicy = DEFAULT_POLICY,
    ) -> None:
        self._context = context = RunContext(engine, info, planned, recorder, policy)
        self.engine = engine
        self.info = info
        self.recorder = recorder
        self.timeline = context.timeline
        self.journal = context.journal
        self.plan = context.plan
        self.checkpoints = context.checkpoints
        self.breakpoints = context.breakpoints
        self.on_boundary: Callable[[], None] = lambda: None
        self.on_warning: Callable[[str], None] = lambda _: None
        self._has_warned = self._has_differed = False
        self.final_digests = FinalDigests(engine, context.timeline, recorder)
        self._stops = sorted({*stops, *self.plan.steps, info.total_steps})
        self.timeline.stops = self._stops
        self.timeline.on_difference = self._note_difference

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.engine.step

    @property
    def phase(self) -> Phase:
        """The phase of the run."""
        return self._context.phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self._context.run_state.phase = phase

    @property
    def breakpoint_reason(self) -> str:
        """Why a breakpoint has paused the run, until it continues; else ""."""
        return self._context.run_state.breakpoint_reason

    @property
    def is_attended(self) -> bool:
        """Whether a user can answer a breakpoint; see `HoldPolicy`."""
        return self._context.hold_policy.is_attended

    @is_attended.setter
    def is_attended(self, attended: bool) -> None:
        self._context.hold_policy.is_attended = attended

    @property
    def problem(self) -> str:
        """Why something could not be recorded or saved, or ""."""
        return self.recorder.problem or self.checkpoints.problem

    @property
    def pending_commands(self) -> tuple[PlannedCommand, ...]:
        """The planned commands that are not applied yet."""
        return tuple(self.plan.pending)

    def save_with_state(self, get_observer_state: Callable[[], Mapping[str, Any]]) -> None:
        """Save an observer's state with every state of the session, as plain values."""
        self._context.get_observer_state = get_observer_state

    def state(self) -> SessionState:
        """Return the state that decides the rest of the run, at this boundary."""
        return self._context.capture_state()

    def restore(self, state: SessionState) -> None:
        """Continue from the state of an earlier run of the same scenario.

        Raises
        ------
        StateMismatchError : the state does not fit the engine; nothing was changed
        """
        self._context.restore_state(state)

    def apply_planned(self) -> None:
        """Apply the commands that are planned for this boundary."""
        for planned in self.plan.due(lambda: self.step):
            self.apply_command(planned.command, "scenario", NO_TICKET)
            self.timeline.clear_undone()  # the undone branches lack this command

    def apply_command(
        self, command: AnyCommand, actor: Actor, ticket: int, why: str = ""
    ) -> JournalEntry:
        """Apply or refuse one command at this boundary, and write it to the journal.

        Planned commands of the boundary come before submitted ones. ``why`` is the reason that was
        given for the command.
        """
        if actor != "scenario":
            self.apply_planned()
        step = self.step
        outcome: Outcome = "refused"
        was_stopped = self.phase is Phase.STOPPED
        with self.final_digests.applying(command):
            try:
                outcome, message = self._handle(command)
            except RefusedError as refusal:
                message = str(refusal)
        self.final_digests.count_applied(outcome == "applied")
        entry = self.journal.add(ticket, step, to_text(command), actor, outcome, message, why)
        self.recorder.command(entry)
        if self.phase is Phase.STOPPED and not was_stopped:
            self.end("stopped")
        return entry

    def pause_at_start(self) -> None:
        """Pause before the first step, for a user who has asked for that with ``--paused``."""
        self.apply_command(Pause(), "api", NO_TICKET, "--paused")

    def refuse_command(
        self, command: AnyCommand, actor: Actor, ticket: int, reason: str, why: str = ""
    ) -> None:
        """Refuse a command that cannot be applied at any boundary, and write it to the journal."""
        text = to_text(command)
        entry = self.journal.add(ticket, self.step, text, actor, "refused", reason, why)
        self.recorder.command(entry)

    def preview(self, command: AnyCommand) -> UpdatePreview:
        """Return the effect of a command on the next update; nothing is changed or recorded."""
        if self.phase.ended:
            problem = f"the run has ended at step {self.step}"
            return UpdatePreview(to_text(command), problem=problem)
        return preview_update(self.engine, command)

    def end(self, reason: EndReason) -> None:
        """Record the digests of the final state, unless they are recorded already.

        An unfinished command, such as a rewind during which the run is closed, is not in the
        record: the run ends where the command began.
        """
        self.final_digests.end(reason)

    def run_burst(
        self, should_stop: Callable[[], bool] = lambda: False, max_steps: int | None = None
    ) -> Sequence[float]:
        """Take steps to the next stop, evaluation or epoch, or until ``should_stop``.

        A `step N` ends them, too.

        Parameters
        ----------
        should_stop : called after every burst of the engine; see `Trainable.run`
        max_steps : the most steps to take, 1 or more

        Returns
        -------
        The losses of the steps
        """
        if self.engine.has_reported and not self.is_measured() and self._record_metrics():
            return ()
        before, hold_policy = self.step, self._context.hold_policy
        steps = self._burst_limit(max_steps)
        losses = self.timeline.advance(steps, should_stop, *hold_policy.start_burst())
        is_held = hold_policy.end_burst()
        if losses:
            self.recorder.losses(before + 1, losses)
        if is_held:
            self._pause_at_breakpoint()
        if losses:
            if before == 0:
                self._check_first_steps(losses)
            self._after_steps(len(losses))
        return losses

    def record_last_report(self) -> None:
        """Record the metrics that a script's loop has reported for its last boundary."""
        if not self.engine.has_reported:
            return
        if not self.is_measured():
            self._record_metrics()
            return
        metrics = self.timeline.branch.metrics
        known = metrics.at(self.step)
        values = {name: v for name, v in self.engine.evaluate().items() if name not in known}
        metrics.add(self.step, values)
        self.recorder.metrics(self.step, values)

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch; at its end, of the epoch just ended.

        NaN before the first step.
        """
        return self.timeline.train_loss()

    def test_metrics(self) -> Mapping[str, float]:
        """Return the metrics of the test set now, by name; measured at most once a step."""
        return self.timeline.measure()

    def newest_metrics(self) -> Mapping[str, float]:
        """Return the newest value of each metric that a script's loop has reported."""
        newest = self.timeline.branch.metrics.newest()
        return {**newest, **self.engine.evaluate()} if self.engine.has_reported else newest

    def is_measured(self) -> bool:
        """Whether the metrics of the test set are known at this boundary."""
        return self.timeline.branch.metrics.last_step == self.step

    def note_lr(self, group: str, lr: float) -> None:
        """Note the learning rate of the coming update, which a script's loop has set."""
        context = self._context
        context.lr_history.note(self.step, context.timeline.branch, group, lr)

    def snapshot(
        self, version: int = 0, parameter: str | None = None, samples_per_second: float = 0.0
    ) -> Snapshot:
        """Return the snapshot of this boundary.

        Parameters
        ----------
        version : the snapshot's version
        parameter : the parameter to describe in full
        samples_per_second : the throughput, which a session cannot measure
        """
        return build_snapshot(self._context, version, parameter, samples_per_second)

    def _handle(self, command: AnyCommand) -> tuple[Outcome, str]:
        """Apply a command, and return its outcome and a message."""
        before = self._breakpoints_without_group()
        change = handle_command(self._context, command)
        message = change.message
        for text in self._breakpoints_without_group():
            if text not in before:
                message += f"; no group is left that `{text}` watches"
        return "applied" if change.changed else "unchanged", message

    def _breakpoints_without_group(self) -> tuple[str, ...]:
        """Return the breakpoints that name a group which does not exist."""
        if not self.breakpoints:
            return ()
        return self.breakpoints.without_target([group.name for group in self.engine.groups()])

    def _burst_limit(self, max_steps: int | None) -> int:
        """Return how many steps a burst may take at most."""
        per_epoch = self.info.steps_per_epoch
        epoch_end = (self.step // per_epoch + 1) * per_epoch
        interval = self.info.evaluation_interval
        evaluation = (self.step // interval + 1) * interval
        next_stop = self._stops[bisect_right(self._stops, self.step)]
        steps_left = self._context.run_state.steps_left
        limits = [limit for limit in (steps_left, max_steps) if limit is not None]
        return min([min(epoch_end, evaluation, next_stop) - self.step, *limits])

    def _pause_at_breakpoint(self) -> None:
        """Pause because of a breakpoint, and write the reason to the journal."""
        reason = f"break before step {self.step + 1} is applied: {self.breakpoints.reason}"
        self._context.run_state.pause_at_breakpoint(reason)
        entry = self.journal.add(NO_TICKET, self.step, "pause", "breakpoint", "applied", reason)
        self.recorder.command(entry)

    def _record_metrics(self) -> bool:
        """Record the metrics of this boundary; return whether a breakpoint has paused the run."""
        values, at_end = self.test_metrics(), self.step == self.info.total_steps
        self.recorder.metrics(self.step, values)
        curves = self.timeline.branch.metrics.series()
        is_met = not at_end and self.breakpoints.check_metrics(self.step, curves)
        if is_met:
            self._pause_at_breakpoint()
        return is_met

    def _check_first_steps(self, losses: Sequence[float]) -> None:
        """Warn, once, if the first steps show that the run cannot learn."""
        problem = first_steps_problem(self.engine, losses, not self.info.reports_metrics)
        if problem and not self._has_warned:
            self._has_warned = True
            self.on_warning(problem)

    def _note_difference(self, step: int, before: float, now: float) -> None:
        """Warn, once, that steps do not repeat exactly."""
        if not self._has_differed:
            self._has_differed = True
            self.on_warning(
                f"step {step} was trained again with a loss of {now!r}, and had {before!r}: the "
                "steps of this run do not repeat exactly, and neither does a way back"
            )

    def _after_steps(self, count: int) -> None:
        """Do the work that is due after a burst: metrics, digests, group metrics, checkpoints."""
        step, policy = self.step, self._context.policy
        at_end = step == self.info.total_steps
        epoch_ends = at_end or step % self.info.steps_per_epoch == 0
        digest_due = at_end or step % policy.digest_every == 0
        self._context.run_state.count_steps(count)
        if at_end or step % self.info.evaluation_interval == 0 or self.engine.has_reported:
            self._record_metrics()
        branch = self.timeline.branch.name
        if digest_due:
            self.final_digests.mark_recorded()
            self.recorder.digest(step, branch, self.engine.digests())
        if epoch_ends or digest_due:  # group metrics cost a fraction of both
            self.recorder.groups(step, branch, self.engine.groups, last=at_end)
        if at_end:
            self.phase = Phase.FINISHED
        elif step % policy.checkpoint_every == 0:
            self.checkpoints.save_auto()
