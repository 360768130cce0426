"""The headless run of a scenario: events out, nothing on the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tuitrain.commands import AnyCommand
from tuitrain.errors import ScenarioError
from tuitrain.run.recorder import NO_RECORD, Recorder
from tuitrain.run.session import PLANNED, Session
from tuitrain.run.snapshot import Actor, Phase
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


def replay(
    scenario: Scenario,
    source: str,
    tell: Tell = nobody,
    progress: Callable[[int], None] = lambda _: None,
    recorder: Recorder = NO_RECORD,
    asked: Iterable[Asked] = (),
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
    asked : commands that are given besides those of the scenario, in order
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
    asked: Iterable[Asked] = (),
    enough: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Run a session from where it stands to its end, and give what happens as it happens.

    Raises
    ------
    ScenarioError : a step fails
    """
    title, waiting = session.title, deque(asked)
    told, problem = len(session.journal.entries()), ""
    while True:
        session.apply_planned()
        while waiting and waiting[0].step == session.step:
            given = waiting.popleft()
            session.decide(given.command, given.actor, PLANNED)
            session.apply_planned()  # a way back may have led to where something is planned
        yield from session.journal.entries()[told:]
        told = len(session.journal.entries())
        yield from expectations.look()
        if session.problem not in ("", problem):
            yield Trouble(session.step, session.problem)
        problem = session.problem
        if session.phase.ended or enough():
            break
        session.phase = Phase.RUNNING
        try:
            _to_next_boundary(session, waiting[0].step if waiting else None, progress)
        except (Exception, SystemExit) as error:  # the user's own model may raise anything
            what = f"{type(error).__name__}: {error}"
            raise ScenarioError(f"{source}: step {session.step + 1}: {what}") from error
        if session.step % title.steps_per_epoch == 0:
            epoch = session.step // title.steps_per_epoch - 1
            yield EpochEnded(epoch, session.step, session.train_loss(), session.test_accuracy())
    yield from expectations.end()
    yield _ended(session, expectations)


def _to_next_boundary(session: Session, stop: int | None, progress: Callable[[int], None]) -> None:
    """Run to the next step at which something is planned, expected, measured or asked."""

    def tell() -> bool:
        progress(session.step)
        return False

    ahead = None if stop is None or stop <= session.step else stop - session.step
    session.burst(tell, ahead)
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
