"""The session: what happens at each step boundary, and in which order.

Owns the clockless, threadless part of a run, so that a run under the screen and a headless replay
take the same decisions at the same steps. At the boundary before a step: first the commands planned
for it, then those that came in, then whoever watches (expectations); then the step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuitrain.commands import AnyCommand, to_text
from tuitrain.engines.engine import Engine
from tuitrain.errors import RefusedError

from . import checkpoint_policy as cadences
from .breakpoints import Breakpoints
from .checkpoint_policy import CheckpointPolicy
from .checkpoints import Checkpoints
from .command_handlers import handle_command
from .command_schedule import CommandSchedule
from .final_digests import FinalDigests
from .history.metric_history import MetricHistory
from .hold_policy import HoldPolicy
from .journal import Journal
from .lr_sweep import preview_update
from .recorder import NO_RECORD, Recorder
from .run_state import RunState
from .session_state import PlannedCommand, SessionState
from .snapshot import (
    Actor,
    EndReason,
    JournalEntry,
    LrSweep,
    Outcome,
    Phase,
    RunInfo,
    Snapshot,
    UpdatePreview,
)
from .snapshot_builder import build_snapshot
from .timeline import Timeline

NO_TICKET = 0
"""The ticket of commands that nobody waits for: those that a scenario planned."""


class Session:
    """A run without a clock and without a thread.

    Parameters
    ----------
    engine : what trains
    title : what is trained, and for how many steps
    planned : commands with their steps; those of one step are applied in the given order
    marks : further steps at which a burst must end, so that somebody can look
    recorder : is told what happens
    cadence : how often states, digests and checkpoints are kept

    Attributes
    ----------
    motion : whether the run goes on
    look : called at the boundaries of a live run, when all is applied that was asked there
    trial : the learning rates that were tried last, or None
    memory : gives what shall be kept with a checkpoint for whoever watches, as plain values
    """

    def __init__(
        self,
        engine: Engine,
        info: RunInfo,
        planned: Iterable[PlannedCommand] = (),
        stops: Iterable[int] = (),
        recorder: Recorder = NO_RECORD,
        policy: CheckpointPolicy = cadences.DEFAULT_POLICY,
    ) -> None:
        self.engine = engine
        self.policy = policy
        self.info = info
        self.run_state = RunState()
        self.recorder = recorder
        self.journal = Journal()
        self.metric_history = MetricHistory()
        self.timeline = Timeline(engine, info.steps_per_epoch, keep_every=policy.cache_every)
        self.schedule = CommandSchedule(planned)
        self.on_boundary: Callable[[], None] = lambda: None
        self.lr_sweep: LrSweep | None = None
        self.breakpoints = Breakpoints()
        self._holding = HoldPolicy(engine, self.timeline, self.breakpoints)
        self.checkpoints = Checkpoints(recorder, self.state)
        self.get_observer_state: Callable[[], Mapping[str, Any]] = dict
        self.final_digests = FinalDigests(engine, self.timeline, recorder)
        self._marks = sorted({*stops, *self.schedule.steps, info.total_steps})
        self.timeline.marks = self._marks

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.engine.step

    @property
    def phase(self) -> Phase:
        """What the run is doing."""
        return self.run_state.phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self.run_state.phase = phase

    @property
    def breakpoint_reason(self) -> str:
        """Why a breakpoint paused the run, until it goes on; else ""."""
        return self.run_state.breakpoint_reason

    @property
    def is_attended(self) -> bool:
        """Whether a user can answer a breakpoint; see `Holding`."""
        return self._holding.is_attended

    @is_attended.setter
    def is_attended(self, attended: bool) -> None:
        self._holding.is_attended = attended

    @property
    def problem(self) -> str:
        """Why not all is kept that should be, or ""."""
        return self.recorder.problem or self.checkpoints.problem

    @property
    def pending_commands(self) -> tuple[PlannedCommand, ...]:
        """The planned commands that are not applied yet."""
        return tuple(self.schedule.pending)

    def state(self) -> SessionState:
        """Return all that decides the rest of the run, at this boundary."""
        engine, timeline = self.engine, self.timeline
        gradients = {name: engine.gradient(name) for name in engine.parameters()}
        known = {name: each.copy() for name, each in gradients.items() if each is not None}
        return SessionState(
            engine=replace(engine.state(), gradients=known),
            branches_made=timeline.made,
            branch=timeline.line,
            left_branches=tuple(timeline.left.values()),
            undone=tuple(timeline.undone),
            checkpoints=dict(self.checkpoints.refs),
            planned=self.pending_commands,
            breakpoints=self.breakpoints.conditions,
            held_step=self._holding.held_step,
            met_conditions=self._holding.current_conditions(),
            observer_state=self.get_observer_state(),
        )

    def restore(self, state: SessionState) -> None:
        """Go on from a state of an earlier run of the same scenario.

        Raises
        ------
        StateMismatchError : it does not fit the engine; nothing was changed
        """
        self.timeline.go_on_from(
            state.engine, state.branch, state.left_branches, state.branches_made
        )
        self.timeline.undone = list(state.undone)
        self.checkpoints.refs = dict(state.checkpoints)
        self.schedule.pending = list(state.planned)
        for condition in state.breakpoints:
            self.breakpoints.add(condition)
        self._holding.restore(state.held_step, state.met_conditions)
        if self.step >= self.info.total_steps:
            self.phase = Phase.FINISHED

    def apply_planned(self) -> None:
        """Apply the commands that are planned for this boundary."""
        for each in self.schedule.due(lambda: self.step):
            self.apply_command(each.command, "scenario", NO_TICKET)
            self.timeline.undone = []  # an older line has not had what is planned here

    def apply_command(self, command: AnyCommand, actor: Actor, ticket: int) -> JournalEntry:
        """Apply or refuse one command, at this boundary, and write it to the journal.

        What is planned for the boundary comes before what anybody asks there.
        """
        if actor != "scenario":
            self.apply_planned()
        step = self.step
        outcome: Outcome = "refused"
        stopped = self.phase is Phase.STOPPED
        with self.final_digests.deciding(command):
            try:
                outcome, message = self._carry_out(command)
            except RefusedError as refusal:
                message = str(refusal)
        self.final_digests.decided(outcome == "applied")
        entry = self.journal.add(ticket, step, to_text(command), actor, outcome, message)
        self.recorder.command(entry)
        if self.phase is Phase.STOPPED and not stopped:
            self.end("stopped")
        return entry

    def _carry_out(self, command: AnyCommand) -> tuple[Outcome, str]:
        """Carry a command out, and return its outcome and a message."""
        watched_nothing = self._watching_nothing()
        change = handle_command(self, command)
        message = change.message
        for each in self._watching_nothing():
            if each not in watched_nothing:
                message += f"; no group is left that `{each}` watches"
        return "applied" if change.changed else "unchanged", message

    def end(self, reason: EndReason) -> None:
        """Record the digests of the state in which the run ends, unless that is done already.

        A command that was not completed, such as a rewind during which the run is closed, is not in
        the record: the run ends where it began.
        """
        self.final_digests.end(reason)

    def run_burst(
        self, should_stop: Callable[[], bool] = lambda: False, max_steps: int | None = None
    ) -> Sequence[float]:
        """Take steps to the next mark or epoch, to the end of a `step N`, or until told to.

        Parameters
        ----------
        until : asked now and then, see `Engine.run`; True ends the burst
        most : ends it after so many steps, 1 or more
        """
        before = self.step
        losses = self.timeline.advance(
            self._wanted(max_steps), should_stop, *self._holding.start_burst()
        )
        held = self._holding.end_burst()
        if losses:
            self.recorder.losses(before + 1, losses)
        if held:
            self._break()
        if losses:
            self._after(len(losses))
        return losses

    def _wanted(self, most: int | None) -> int:
        """Return how many steps a burst may have at most."""
        per_epoch = self.info.steps_per_epoch
        epoch_end = (self.step // per_epoch + 1) * per_epoch
        next_mark = self._marks[bisect_right(self._marks, self.step)]
        limits = [each for each in (self.run_state.steps_left, most) if each is not None]
        return min([min(epoch_end, next_mark) - self.step, *limits])

    def _break(self) -> None:
        """Pause because of a breakpoint, and write down why."""
        reason = self.breakpoints.reason
        self.run_state.pause_at_breakpoint(
            f"break before step {self.step + 1} is applied: {reason}"
        )
        entry = self.journal.add(
            NO_TICKET, self.step, "pause", "breakpoint", "applied", self.breakpoint_reason
        )
        self.recorder.command(entry)

    def train_loss(self) -> float:
        """Return the mean loss of the present epoch, at its end that of the epoch just ended.

        NaN before the first step.
        """
        return self.timeline.train_loss()

    def test_accuracy(self) -> float:
        """Return the accuracy on the test set now; measured at most once a step."""
        return self.timeline.measure()

    def reset_hold(self) -> None:
        """Forget which step a breakpoint held: the line has another one there."""
        self._holding.reset()

    def preview(self, command: AnyCommand) -> UpdatePreview:
        """Say how far the next update would go after a command; nothing is noted or changed."""
        if self.phase.ended:
            problem = f"the run has ended at step {self.step}"
            return UpdatePreview(to_text(command), problem=problem)
        return preview_update(self.engine, command)

    def snapshot(
        self, version: int = 0, parameter: str | None = None, samples_per_second: float = 0.0
    ) -> Snapshot:
        """Return what a face shows at this boundary.

        Parameters
        ----------
        version : of the snapshot
        watched : the parameter to describe in full
        samples_per_second : how fast the training goes, which a session does not know
        """
        return build_snapshot(self, version, parameter, samples_per_second)

    def _watching_nothing(self) -> tuple[str, ...]:
        """Return the breakpoints whose group there is not, or not any more."""
        if not self.breakpoints:
            return ()
        return self.breakpoints.without_target([group.name for group in self.engine.groups()])

    def settle_after_jump(self) -> None:
        """Pause after a way back, or be at the end."""
        self.reset_hold()
        self.run_state.settle(at_end=self.step >= self.info.total_steps)

    def _after(self, taken: int) -> None:
        step, at_end = self.step, self.step == self.info.total_steps
        epoch_ends = at_end or step % self.info.steps_per_epoch == 0
        digest_due = at_end or step % self.policy.digest_every == 0
        self.run_state.count_steps(taken)
        if epoch_ends:
            accuracy = self.test_accuracy()
            self.recorder.accuracy(step, accuracy)
            if not at_end and self.breakpoints.check_accuracy(accuracy):
                self._break()
        line = self.timeline.line.name
        if digest_due:
            self.final_digests.recorded()
            self.recorder.digest(step, line, self.engine.digests())
        if epoch_ends or digest_due:  # a look at the groups costs a fraction of either
            self.recorder.groups(step, line, self.engine.groups, last=at_end)
        if at_end:
            self.phase = Phase.FINISHED
        elif step % self.policy.checkpoint_every == 0:
            self.checkpoints.save_auto()
