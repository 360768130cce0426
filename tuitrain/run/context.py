"""The context of a run: the parts that commands change, snapshots show and checkpoints save."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuitrain.engines.engine import Engine
from tuitrain.engines.views import RankView
from tuitrain.predicates import always

from .alerts.alert import Alert, AlertKind, TakeAlert, alert_taker, ignore_alert
from .authorship import is_automatic
from .checkpoint_policy import CheckpointPolicy
from .checkpoints import Checkpoints
from .command_plan import CommandPlan
from .conditions.breakpoints import Breakpoints
from .conditions.hold_policy import HoldPolicy
from .conditions.rules import Rules
from .history.lr_history import LrHistory
from .history.metric_history import MetricHistory
from .history.timeline import Timeline
from .journal import Journal
from .journal_entry import NO_TICKET
from .limits import Limits
from .recorder import Recorder
from .run_state import RunState
from .session_state import PlannedCommand, SessionState
from .snapshot import Actor, JournalEntry, LrSweep, Outcome, Phase, RunInfo


class RunContext:
    """The parts of a run.

    `Session` decides when to take steps and apply commands. The command handlers and the snapshot
    builder depend only on this class.

    Parameters
    ----------
    engine : trains the model
    info : the facts of the run, such as its name and its length
    planned : commands with their steps
    recorder : receives the events of the run
    policy : how often states, digests and checkpoints are saved
    limits : for programs that steer; None for no limits

    Attributes
    ----------
    run_state : the phase of the run, and how many steps it takes before it pauses
    lr_sweep : the learning rates tried by the last `try lr`, or None
    get_ranks : returns the processes of a training in several
    meets_at_each_step : whether commands can be applied at every boundary; processes of a training
        in several meet at some of them
    take_alert : takes the alerts of the run, and returns at once
    waits_at_pauses : whether the run, which is paused now, waits; if not, it continues at once
    get_observer_state : returns the state that observers save with a checkpoint, as plain values
    """

    def __init__(
        self,
        engine: Engine,
        info: RunInfo,
        planned: Iterable[PlannedCommand],
        recorder: Recorder,
        policy: CheckpointPolicy,
        limits: Limits | None = None,
    ) -> None:
        self.engine = engine
        self.info = info
        self.limits = limits
        self.policy = policy
        self.recorder = recorder
        self.run_state = RunState()
        self.journal = Journal()
        self.timeline = Timeline(
            engine,
            info.steps_per_epoch,
            cache_every=policy.cache_every,
            evaluate_every=info.evaluation_interval,
            batch_size=info.batch_size,
        )
        self.plan = CommandPlan(planned)
        self.breakpoints = Breakpoints()
        self.rules = Rules()
        self.hold_policy = HoldPolicy(engine, self.timeline, self.breakpoints, self.rules)
        self.checkpoints = Checkpoints(recorder, self.capture_state)
        self.metric_history = MetricHistory()
        self.lr_history = LrHistory(engine)
        self.lr_sweep: LrSweep | None = None
        self.get_ranks: Callable[[], Sequence[RankView]] = tuple
        self.meets_at_each_step = True
        self.get_observer_state: Callable[[], Mapping[str, Any]] = dict
        self.take_alert: TakeAlert = alert_taker()
        self.waits_at_pauses: Callable[[], bool] = always
        self._last_alert: tuple[AlertKind, int, str] | None = None

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.engine.step

    @property
    def phase(self) -> Phase:
        """The phase of the run."""
        return self.run_state.phase

    def write_entry(
        self,
        ticket: int,
        step: int,
        command: str,
        actor: Actor,
        outcome: Outcome,
        message: str,
        why: str = "",
    ) -> JournalEntry:
        """Write an entry to the journal and to the record, and return it."""
        entry = self.journal.add(ticket, step, command, actor, outcome, message, why)
        self.recorder.command(entry)
        return entry

    def pause_at_breakpoint(self) -> None:
        """Pause because of a breakpoint, and write the reason to the journal."""
        self.pause_by_itself("breakpoint", "break", self.breakpoints.reason)

    def pause_by_itself(self, actor: Actor, what: str, reason: str) -> JournalEntry:
        """Pause because of a breakpoint or a rule, write the reason to the journal, and alert.

        The entry and the alert say so if the run continues at once; see `waits_at_pauses`.

        Parameters
        ----------
        what : ``break`` or ``paused``
        """
        place, run_state = f"before step {self.step + 1} is applied", self.run_state
        pause = text = f"{what} {place}: {reason}"
        run_state.pause_at_breakpoint(pause)
        waits, title = self.waits_at_pauses(), "has paused"
        if not waits:
            text = f"no pause {place}, without a viewer: {reason}"
            title = "has met a condition, and continues"
        entry = self.write_entry(NO_TICKET, self.step, "pause", actor, "applied", text)
        is_current = (lambda: run_state.breakpoint_reason == pause) if waits else always
        self.alert("break", title, text, is_current)
        return entry

    def stays_paused(self, actor: Actor) -> bool:
        """Whether the run, which a command of an actor has paused, waits for a ``resume``."""
        return not is_automatic(actor) or self.waits_at_pauses()

    def alert(
        self,
        event: AlertKind,
        what: str,
        text: str = "",
        is_current: Callable[[], bool] = always,
    ) -> None:
        """Give an alert, unless it is the last one again.

        Parameters
        ----------
        what : the event, as a clause after the name of the run
        text : why, in one line (default: where the run is)
        is_current : see `Alert`
        """
        branch = self.timeline.branch
        if self.take_alert is ignore_alert:
            return
        if self._last_alert == (event, self.step, branch.name):
            return
        self._last_alert = event, self.step, branch.name
        last = branch.loss.last(1)
        loss = float(last[0]) if len(last) else None
        metrics = {name: float(value) for name, value in branch.metrics.newest().items()}
        values = {"loss": loss, **metrics} if loss is not None else metrics
        place = [f"at step {self.step}", *(f"{name} {value:.4g}" for name, value in values.items())]
        title, text = f"{self.info.name} {what}", text or ", ".join(place)
        self.take_alert(
            Alert(event, self.info.name, title, text, self.step, loss, metrics, is_current)
        )

    def settle_after_jump(self) -> None:
        """Pause, or finish at the last step, after the run has moved to another step."""
        self.hold_policy.reset()
        self.breakpoints.move_to(self.step)
        self.rules.move_to(self.step)
        self.run_state.settle(at_end=self.step >= self.info.total_steps)

    def capture_state(self) -> SessionState:
        """Return the state that decides the rest of the run, at this boundary."""
        engine, timeline = self.engine, self.timeline
        gradients = {name: engine.gradient(name) for name in engine.parameters()}
        copies = {name: array.copy() for name, array in gradients.items() if array is not None}
        return SessionState(
            engine=replace(engine.state(), gradients=copies),
            branches_made=timeline.branches_made,
            branch=timeline.branch,
            left_branches=tuple(timeline.left_branches.values()),
            undone=timeline.undone,
            checkpoints=dict(self.checkpoints.refs),
            planned=tuple(self.plan.pending),
            breakpoints=self.breakpoints.conditions,
            breakpoints_since=self.breakpoints.since,
            held_step=self.hold_policy.held_step,
            met_conditions=self.hold_policy.current_conditions(),
            pace=self.run_state.pace,
            observer_state=self.get_observer_state(),
            rules=self.rules.state(self.step),
        )

    def restore_state(self, state: SessionState) -> None:
        """Continue from the state of an earlier run of the same scenario.

        Raises
        ------
        StateMismatchError : the state does not fit the engine; nothing was changed
        """
        self.timeline.restore(
            state.engine, state.branch, state.left_branches, state.undone, state.branches_made
        )
        self.checkpoints.refs = dict(state.checkpoints)
        self.plan.pending = list(state.planned)
        since = state.breakpoints_since or (0,) * len(state.breakpoints)
        for condition, step in zip(state.breakpoints, since, strict=True):
            self.breakpoints.add(condition, step)
        self.run_state.pace = state.pace
        self.hold_policy.restore(state.held_step, state.met_conditions)
        self.rules.restore(state.rules, self.step)
        if self.step >= self.info.total_steps:
            self.run_state.phase = Phase.FINISHED
