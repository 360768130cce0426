"""Running a session to its end without a user, with its events, signals and failures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tuitrain.commands import command_kind
from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.predicates import always, never
from tuitrain.records.repetition import (
    RepeatedAction,
    RepeatedCommand,
    RepeatedEnd,
    is_planned_way_back,
)
from tuitrain.run.deferred_signals import DeferredSignals
from tuitrain.run.journal_entry import NO_TICKET
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.attendance import Attendance
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase
from tuitrain.user_code import describe_failed_step, format_traceback

from .events import Ended, EpochEnded, Evaluated, Event, Finding, Measured, Started, Trouble


class BoundaryObserver(Protocol):
    """Checks a session at its boundaries, as `Expectations` does."""

    def check_boundary(self) -> list[Finding]:
        """Return the findings at this boundary."""
        ...

    def check_end(self) -> list[Finding]:
        """Return the findings at the end of the run."""
        ...

    def all_held(self) -> bool:
        """Whether all findings are as expected."""
        ...


def started_event(session: Session) -> Started:
    """Return the event of a session that is about to run."""
    info = session.info
    return Started(info.name, info.total_steps, info.steps_per_epoch, info.batch_size)


def run_to_end(
    session: Session,
    expectations: BoundaryObserver,
    source: str,
    on_step: Callable[[int], None],
    actions: Iterable[RepeatedAction] = (),
    should_end: Callable[[], bool] = never,
    is_attended: bool = False,
    access: LiveAccess | None = None,
    is_caught_up: Callable[[], bool] = always,
) -> Iterator[Event]:
    """Run a session from its present step to its end; yield its events.

    A signal that asks the process to end takes effect at the next step boundary, where the state is
    whole and its digests can be recorded. A breakpoint pauses the run, which continues at once.
    Unless ``is_attended``, following steps that meet the condition write nothing more.

    With ``access``, viewers may watch and steer the run; see `Attendance`. Their commands wait
    until all ``actions`` are done and ``is_caught_up``.

    Raises
    ------
    RunFailedError : a step fails
    RecordDiffersError : the session does not repeat the record that it continues
    """
    session.is_attended = is_attended
    waiting = deque(actions)
    with (
        DeferredSignals(session.engine.interrupt) as signals,
        Attendance(session, access, lambda: not waiting and is_caught_up()) as attendance,
    ):
        run = _RunToEnd(session, expectations, source, waiting, signals, attendance)
        yield from run.events(on_step, should_end)


class _RunToEnd:
    """A session on its way to its end; `events` runs it."""

    def __init__(
        self,
        session: Session,
        expectations: BoundaryObserver,
        source: str,
        waiting: deque[RepeatedAction],
        signals: DeferredSignals,
        attendance: Attendance,
    ) -> None:
        self._session = session
        self._expectations = expectations
        self._source = source
        self._waiting = waiting
        self._signals = signals
        self._attendance = attendance
        self._written = len(session.journal)
        self._problem = ""
        self._warnings: list[str] = []
        session.warnings.on_warning = self._warnings.append

    def events(
        self, on_step: Callable[[int], None], should_end: Callable[[], bool]
    ) -> Iterator[Event]:
        """Run to the end; yield the events of each boundary. See `run_to_end`."""
        session = self._session
        while True:
            yield from self._visit_boundary()
            if self._signals.received:
                session.end("interrupted")
                return
            if session.phase.ended or should_end():
                break
            before, branch = session.step, session.timeline.branch.name
            with self._failing():
                self._run_to_next_boundary(on_step)
            # A breakpoint may have held the step, or a rule may have moved the run.
            if session.step != before and session.timeline.branch.name == branch:
                yield from self._measurements()
        if session.phase.ended:
            session.end("finished")
        yield from self._expectations.check_end()
        with self._failing():
            ended = _ended(session, self._expectations)
        yield ended

    def _visit_boundary(self) -> Iterator[Event]:
        """Do the work of this boundary: planned, repeated and viewers' commands, expectations."""
        with self._failing():
            self._apply_due()
            self._attendance.visit()
        yield from self._new_entries()
        while self._attendance.is_waiting and not self._signals.received:
            with self._failing():
                self._attendance.wait()
            yield from self._new_entries()
        with self._failing():
            findings = self._expectations.check_boundary()
        yield from findings
        yield from self._troubles()

    def _apply_due(self) -> None:
        """Apply the commands planned here, and repeat the actions of an earlier run here."""
        session, waiting = self._session, self._waiting
        session.apply_planned()
        while waiting and is_action_due(session, waiting[0]):
            repeat_action(session, waiting.popleft())
            session.apply_planned()  # those of a step that a command led to

    def _new_entries(self) -> Iterator[Event]:
        """Yield the entries that were added to the journal."""
        yield from self._session.journal.since(self._written)
        self._written = len(self._session.journal)

    def _troubles(self) -> Iterator[Event]:
        """Yield a new problem of the record, and warnings of the training."""
        session = self._session
        if session.problem not in ("", self._problem):
            yield Trouble(session.step, session.problem)
        self._problem = session.problem
        while self._warnings:
            yield Trouble(session.step, self._warnings.pop(0))

    def _run_to_next_boundary(self, on_step: Callable[[int], None]) -> None:
        """Run to the next step with a planned command, an expectation or an action."""
        session, stop = self._session, self._waiting[0].step if self._waiting else None
        session.phase = Phase.RUNNING

        def is_ended() -> bool:
            on_step(session.step)
            return self._signals.received

        ahead = None if stop is None or stop <= session.step else stop - session.step
        self._attendance.run_burst(is_ended, ahead)
        on_step(session.step)

    def _measurements(self) -> Iterator[Event]:
        """Yield the metrics of this boundary, if an epoch ends here or a measurement is due."""
        session, info = self._session, self._session.info
        if session.step % info.steps_per_epoch == 0:
            epoch = session.step // info.steps_per_epoch - 1
            measured = _measured(session) if session.metrics.are_measured() else ()
            yield EpochEnded(epoch, session.step, session.metrics.train_loss(), measured)
        elif info.evaluate_every and session.step % info.evaluate_every == 0:
            yield Evaluated(session.step, _measured(session))

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Name the source and the step in errors raised inside, of any type."""
        session = self._session
        try:
            yield
        except TuitrainError:
            raise
        except (Exception, SystemExit) as error:
            problem = f"{self._source}: {describe_failed_step(error, session.step)}"
            session.end("failed", problem)
            raise RunFailedError(problem, format_traceback(error)) from error


def is_action_due(session: Session, action: RepeatedAction) -> bool:
    """Whether an action of an earlier run comes now: at its step, and at this visit of it.

    A plan or a rule that goes back visits steps again: as many of their entries come before.
    """
    has_acted = session.journal.own_entries >= action.own_entries
    return action.step == session.step and has_acted and _has_gone_back(session, action)


def _has_gone_back(session: Session, action: RepeatedAction) -> bool:
    """Whether the plan has gone back as often as before an action of an earlier run, or will not.

    With changed data or another model, the own entries of the runs differ; those of the plan that
    go back are the same, unless a user's command or a rule has left some out.
    """
    if not isinstance(action, RepeatedCommand) or not action.ways_back:
        return True
    if sum(map(is_planned_way_back, session.journal.entries())) >= action.ways_back:
        return True
    return all(command_kind(item.command) != "history" for item in session.pending_commands)


def repeat_action(session: Session, entry: RepeatedAction) -> None:
    """Repeat the action of an earlier run at this boundary."""
    if isinstance(entry, RepeatedEnd):
        session.final_digests.record(entry.reason)
    elif isinstance(entry, RepeatedCommand):
        session.apply_command(entry.command, entry.actor, entry.ticket, entry.why)


def _measured(session: Session) -> Measured:
    values = session.metrics.of_test_set()
    return tuple((info, values[info.name]) for info in session.info.metrics)


def _ended(session: Session, expectations: BoundaryObserver) -> Ended:
    refused = any(
        entry.outcome == "refused" and entry.ticket == NO_TICKET  # a viewer may be refused
        for entry in session.journal.entries()
    )
    return Ended(
        step=session.step,
        digest=session.engine.digest(),
        train_loss=session.metrics.train_loss(),
        metrics=_measured(session),
        ok=not refused and expectations.all_held(),
    )
