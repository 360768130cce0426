"""Running a session to its end without a user, with its events, signals and failures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tuitrain.errors import RunFailedError, TuitrainError
from tuitrain.records.repetition import RepeatedAction, RepeatedCommand, RepeatedEnd
from tuitrain.run.deferred_signals import DeferredSignals
from tuitrain.run.journal_entry import NO_TICKET
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.live.attendance import Attendance
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase
from tuitrain.user_code import describe_failed_step, format_traceback

from .events import Ended, EpochEnded, Evaluated, Event, Finding, Measured, Started, Trouble


def _always() -> bool:
    return True


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
    should_end: Callable[[], bool] = lambda: False,
    is_attended: bool = False,
    access: LiveAccess | None = None,
    is_caught_up: Callable[[], bool] = _always,
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
        yield from _follow(
            session, expectations, source, on_step, waiting, should_end, signals, attendance
        )


def _follow(
    session: Session,
    expectations: BoundaryObserver,
    source: str,
    on_step: Callable[[int], None],
    waiting: deque[RepeatedAction],
    should_end: Callable[[], bool],
    signals: DeferredSignals,
    attendance: Attendance,
) -> Iterator[Event]:
    info = session.info
    written, problem = len(session.journal), ""
    warnings: list[str] = []
    session.on_warning = warnings.append
    while True:
        with _failing(session, source):
            session.apply_planned()
            while waiting and waiting[0].step == session.step:
                repeat_action(session, waiting.popleft())
                session.apply_planned()  # those of a step that a command led to
            attendance.visit()
        yield from session.journal.since(written)
        written = len(session.journal)
        while attendance.is_waiting and not signals.received:
            with _failing(session, source):
                attendance.wait()
            yield from session.journal.since(written)
            written = len(session.journal)
        with _failing(session, source):
            findings = expectations.check_boundary()
        yield from findings
        if session.problem not in ("", problem):
            yield Trouble(session.step, session.problem)
        problem = session.problem
        while warnings:
            yield Trouble(session.step, warnings.pop(0))
        if signals.received:
            session.end("interrupted")
            return
        if session.phase.ended or should_end():
            break
        session.phase = Phase.RUNNING
        with _failing(session, source):
            stop = waiting[0].step if waiting else None
            before = session.step
            _to_next_boundary(session, stop, on_step, signals, attendance)
        if session.step == before:
            continue  # a breakpoint has held the step
        if session.step % info.steps_per_epoch == 0:
            epoch = session.step // info.steps_per_epoch - 1
            measured = _measured(session) if session.is_measured() else ()
            yield EpochEnded(epoch, session.step, session.train_loss(), measured)
        elif info.evaluate_every and session.step % info.evaluate_every == 0:
            yield Evaluated(session.step, _measured(session))
    if session.phase.ended:
        session.end("finished")
    yield from expectations.check_end()
    with _failing(session, source):
        ended = _ended(session, expectations)
    yield ended


@contextmanager
def _failing(session: Session, source: str) -> Iterator[None]:
    """Name the source and the step in errors raised inside, of any type."""
    try:
        yield
    except TuitrainError:
        raise
    except (Exception, SystemExit) as error:
        session.end("failed")
        problem = f"{source}: {describe_failed_step(error, session.step)}"
        raise RunFailedError(problem, format_traceback(error)) from error


def repeat_action(session: Session, entry: RepeatedAction) -> None:
    """Do what an earlier run has done at this boundary."""
    if isinstance(entry, RepeatedEnd):
        session.final_digests.record(entry.reason)
    elif isinstance(entry, RepeatedCommand):
        session.apply_command(entry.command, entry.actor, entry.ticket, entry.why)


def _to_next_boundary(
    session: Session,
    stop: int | None,
    on_step: Callable[[int], None],
    signals: DeferredSignals,
    attendance: Attendance,
) -> None:
    """Run to the next step with a planned command, an expectation, a measurement or an action."""

    def is_ended() -> bool:
        on_step(session.step)
        return signals.received

    ahead = None if stop is None or stop <= session.step else stop - session.step
    attendance.run_burst(is_ended, ahead)
    on_step(session.step)


def _measured(session: Session) -> Measured:
    values = session.test_metrics()
    return tuple((info, values[info.name]) for info in session.info.metrics)


def _ended(session: Session, expectations: BoundaryObserver) -> Ended:
    refused = any(
        entry.outcome == "refused" and entry.ticket == NO_TICKET  # a viewer may be refused
        for entry in session.journal.entries()
    )
    return Ended(
        step=session.step,
        digest=session.engine.digest(),
        train_loss=session.train_loss(),
        metrics=_measured(session),
        ok=not refused and expectations.all_held(),
    )
