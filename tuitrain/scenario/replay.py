"""The headless run of a scenario: events out, nothing on the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tuitrain.commands import AnyCommand
from tuitrain.errors import RecordDiffersError, ScenarioError
from tuitrain.run.deferred_signals import DeferredSignals
from tuitrain.run.recorder import NO_RECORD, Recorder
from tuitrain.run.session import PLANNED, Session
from tuitrain.run.snapshot import Actor, EndReason, Phase
from tuitrain.run.telling import Tell, nobody

from .build import build
from .events import Ended, EpochEnded, Event, Started, Trouble
from .expect import Expectations
from .schema import Scenario


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that somebody gave at a step of an earlier run, to be given there again."""

    step: int
    command: AnyCommand
    actor: Actor


@dataclass(frozen=True, slots=True)
class EndedHere:
    """The boundary at which an earlier run ended: its record has digests of the state there."""

    step: int
    reason: EndReason


def replay(
    scenario: Scenario,
    source: str,
    tell: Tell = nobody,
    progress: Callable[[int], None] = lambda _: None,
    recorder: Recorder = NO_RECORD,
    asked: Iterable[Asked | EndedHere] = (),
    enough: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Run a scenario from its first to its last step, and give what happens as it happens.

    A ``pause`` is written to the journal and passed over: nobody is there to resume.

    Parameters
    ----------
    scenario : what to run
    source : what errors call it: its file
    tell : is told what is being waited for
    progress : is told the number of steps taken, some times a second
    recorder : keeps a record of the run
    asked : commands that are given besides those of the scenario, and ends of the earlier run, in
        order
    enough : is asked at every boundary whether the run may end here

    Raises
    ------
    ScenarioError : the scenario cannot be built, or a step fails
    """
    session = build(scenario, source, tell, recorder)
    expectations = Expectations(scenario, session, source)
    yield started(session)
    yield from follow(session, expectations, source, progress, asked, enough)


def started(session: Session) -> Started:
    """Say what a session is about to run."""
    title = session.title
    return Started(title.name, title.total_steps, title.steps_per_epoch, title.batch_size)


def follow(
    session: Session,
    expectations: Expectations,
    source: str,
    progress: Callable[[int], None],
    asked: Iterable[Asked | EndedHere] = (),
    enough: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Run a session from where it stands to its end, and give what happens as it happens.

    A signal that asks the process to end takes effect at the next step boundary, where the state is
    whole and its digests can be recorded.

    Raises
    ------
    ScenarioError : a step fails
    RecordDiffersError : the session continues a record, and does not repeat it
    """
    with DeferredSignals(session.engine.interrupt) as signals:
        events = _follow(session, expectations, source, progress, deque(asked), enough, signals)
        yield from events


def _follow(
    session: Session,
    expectations: Expectations,
    source: str,
    progress: Callable[[int], None],
    waiting: deque[Asked | EndedHere],
    enough: Callable[[], bool],
    signals: DeferredSignals,
) -> Iterator[Event]:
    title = session.title
    told, problem = len(session.journal.entries()), ""
    while True:
        session.apply_planned()
        while waiting and waiting[0].step == session.step:
            _repeat(session, waiting.popleft())
            session.apply_planned()  # a way back may have led to where something is planned
        yield from session.journal.entries()[told:]
        told = len(session.journal.entries())
        yield from expectations.look()
        if session.problem not in ("", problem):
            yield Trouble(session.step, session.problem)
        problem = session.problem
        if signals.received:
            session.end("interrupted")
            return
        if session.phase.ended or enough():
            break
        session.phase = Phase.RUNNING
        try:
            stop = waiting[0].step if waiting else None
            _to_next_boundary(session, stop, progress, signals)
        except RecordDiffersError:
            raise
        except (Exception, SystemExit) as error:  # the user's own model may raise anything
            session.end("failed")
            what = f"{type(error).__name__}: {error}"
            raise ScenarioError(f"{source}: step {session.step + 1}: {what}") from error
        if session.step % title.steps_per_epoch == 0:
            epoch = session.step // title.steps_per_epoch - 1
            yield EpochEnded(epoch, session.step, session.train_loss(), session.test_accuracy())
    if session.phase.ended:
        session.end("finished")
    yield from expectations.end()
    yield _ended(session, expectations)


def _repeat(session: Session, entry: Asked | EndedHere) -> None:
    if isinstance(entry, EndedHere):
        session.record_end(entry.reason)
    else:
        session.decide(entry.command, entry.actor, PLANNED)


def _to_next_boundary(
    session: Session,
    stop: int | None,
    progress: Callable[[int], None],
    signals: DeferredSignals,
) -> None:
    """Run to the next step at which something is planned, expected, measured or asked."""

    def is_ended() -> bool:
        progress(session.step)
        return signals.received

    ahead = None if stop is None or stop <= session.step else stop - session.step
    session.burst(is_ended, ahead)
    progress(session.step)


def _ended(session: Session, expectations: Expectations) -> Ended:
    refused = any(entry.outcome == "refused" for entry in session.journal.entries())
    return Ended(
        step=session.step,
        digest=session.engine.digest(),
        train_loss=session.train_loss(),
        test_accuracy=session.test_accuracy(),
        ok=not refused and expectations.all_held(),
    )
