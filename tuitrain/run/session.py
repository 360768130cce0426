"""The session: the work at each step boundary, and its order.

A session has no clock and no thread, so a run under the screen and a headless replay apply the same
commands at the same steps. At the boundary before a step come first the commands planned for it,
then submitted commands, then the checks of the session's owner, then the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tuitrain.commands import AddBreakpoint, AddRule, AnyCommand, Pause, to_text
from tuitrain.engines.engine import Engine
from tuitrain.engines.views import RankView
from tuitrain.predicates import never

from .alerts.alert import END_ALERTS, TakeAlert
from .bursts import Bursts
from .checkpoint_policy import DEFAULT_POLICY, CheckpointPolicy
from .context import RunContext
from .final_digests import FinalDigests
from .handlers.command_journal import CommandJournal
from .handlers.condition_preview import preview_condition
from .handlers.lr_sweep import preview_update
from .handlers.rule_actions import RuleActions
from .journal_entry import NO_TICKET
from .limits import Limits
from .logs.training_warnings import TrainingWarnings
from .recorder import NULL_RECORDER, Recorder
from .run_metrics import RunMetrics
from .session_state import PlannedCommand, SessionState
from .snapshot import (
    Actor,
    EndReason,
    JournalEntry,
    Phase,
    RunInfo,
    ScheduledCommand,
    Snapshot,
    UpdatePreview,
)
from .snapshot_builder import build_snapshot


class Session:
    """A run without a clock and without a thread.

    Parameters
    ----------
    engine : trains the model
    info : the facts of the run, such as its name and its length
    planned : commands with their steps; those of one step are applied in the given order
    stops : further steps at which a burst must end, because the session's owner has work there
    recorder : receives the events of the run
    policy : how often states, digests and checkpoints are saved
    limits : for programs that steer; None for no limits

    Attributes
    ----------
    recorder, timeline, journal, plan, checkpoints, breakpoints, rules, metrics, warnings : the
        parts of the run
    scheduled : the commands of an earlier process that wait for their steps
    on_boundary : called at the boundaries of a live run, after the commands
    """

    def __init__(
        self,
        engine: Engine,
        info: RunInfo,
        planned: Iterable[PlannedCommand] = (),
        stops: Iterable[int] = (),
        recorder: Recorder = NULL_RECORDER,
        policy: CheckpointPolicy = DEFAULT_POLICY,
        limits: Limits | None = None,
    ) -> None:
        self._context = context = RunContext(engine, info, planned, recorder, policy, limits)
        self.engine = engine
        self.info = info
        self.recorder = recorder
        self.timeline = context.timeline
        self.journal = context.journal
        self.plan = context.plan
        self.checkpoints = context.checkpoints
        self.breakpoints = context.breakpoints
        self.scheduled: tuple[ScheduledCommand, ...] = ()
        self.rules = context.rules
        self.on_boundary: Callable[[], None] = lambda: None
        self.warnings = TrainingWarnings(engine, not info.reports_metrics)
        self.timeline.on_difference = self.warnings.note_difference
        self.timeline.stops = sorted({*stops, *self.plan.steps, info.total_steps})
        self.final_digests = FinalDigests(engine, context.timeline, recorder)
        self._commands = CommandJournal(context, self.final_digests)
        self.metrics = RunMetrics(context)
        rule_actions = RuleActions(context, self.apply_command, self.apply_planned)
        self._bursts = Bursts(
            context, self.metrics, self.warnings, rule_actions, self.final_digests
        )

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
    def pace(self) -> float | None:
        """Maximum steps per second while a screen shows the run; None for no limit."""
        return self._context.run_state.pace

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

    def add_stops(self, steps: Iterable[int]) -> None:
        """End bursts at further steps too, as with ``stops``; it changes no bit of the training."""
        self.timeline.stops = sorted({*self.timeline.stops, *steps})

    def save_with_state(self, get_observer_state: Callable[[], Mapping[str, Any]]) -> None:
        """Save an observer's state with every state of the session, as plain values."""
        self._context.get_observer_state = get_observer_state

    def show_ranks(self, get_ranks: Callable[[], Sequence[RankView]]) -> None:
        """Have snapshots show the processes of a training in several.

        They meet at some boundaries only. With a rule on a metric they meet after each step, so
        that it acts at the same step in each repetition.
        """
        self._context.get_ranks = get_ranks
        self._context.meets_at_each_step = False

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
        given for the command. A command beyond the limits of its actor is refused.
        """
        if actor != "scenario":
            self.apply_planned()
        return self._commands.apply(command, actor, ticket, why)

    def accepts_while_measuring(self, command: AnyCommand) -> bool:
        """Whether a command may be applied while the test set is measured at this boundary.

        It leads to the same metrics, bits and record as after the measurement.
        """
        return self._bursts.accepts_while_measuring(command)

    def pause_at_start(self) -> None:
        """Pause before the first step, for a user who has asked for that with ``--paused``."""
        self.apply_command(Pause(), "api", NO_TICKET, "--paused")

    def refuse_command(
        self, command: AnyCommand, actor: Actor, ticket: int, reason: str, why: str = ""
    ) -> JournalEntry:
        """Refuse a command that cannot be applied, and write it to the journal."""
        return self._commands.refuse(command, actor, ticket, reason, why)

    def preview(self, command: AnyCommand) -> UpdatePreview:
        """Return the effect of a command on the next update; nothing is changed or recorded.

        For a breakpoint or a rule, return whether it would pause the run or act now.
        """
        if self.phase.ended:
            problem = f"the run has ended at step {self.step}"
            return UpdatePreview(to_text(command), problem=problem)
        if isinstance(command, AddBreakpoint | AddRule):
            return preview_condition(self._context, command)
        return preview_update(self.engine, command)

    @property
    def on_alert(self) -> TakeAlert:
        """Takes the alerts of the run, and returns at once."""
        return self._context.take_alert

    @on_alert.setter
    def on_alert(self, take: TakeAlert) -> None:
        self._context.take_alert = take

    def wait_at_pauses(self, waits: Callable[[], bool]) -> None:
        """Set the function that says whether the run waits when it is paused automatically.

        A breakpoint, a rule or its plan pauses it so. If it does not wait, it continues at once,
        and its journal and alerts say so. By default it waits.
        """
        self._context.waits_at_pauses = waits

    def alert_end(self) -> None:
        """Give the alert of a run whose loop has ended."""
        self._context.alert("end", "has ended")

    def end(self, reason: EndReason, problem: str = "") -> None:
        """Record the digests of the final state, unless they are recorded already.

        An unfinished command, such as a rewind during which the run is closed, is not in the
        record: the run ends where the command began.

        Parameters
        ----------
        problem : why it has failed, for the alert
        """
        self.final_digests.end(reason)
        if reason in END_ALERTS:
            self._context.alert(*END_ALERTS[reason], problem)

    def run_burst(
        self, should_stop: Callable[[], bool] = never, max_steps: int | None = None
    ) -> Sequence[float]:
        """Take steps to the next stop, evaluation or epoch, or until ``should_stop``.

        A `step N` ends them, too. Rules whose conditions have come true act after the steps.

        Parameters
        ----------
        should_stop : called after every burst of the engine; see `Trainable.run`
        max_steps : maximum number of steps to take, 1 or more

        Returns
        -------
        The losses of the steps
        """
        return self._bursts.run(should_stop, max_steps)

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
