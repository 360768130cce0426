"""The headless run of a scenario: events out, nothing on the screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from tuitrain.commands import AnyCommand
from tuitrain.errors import RunFailedError, ScenarioError
from tuitrain.run.recorder import NO_RECORD, Recorder
from tuitrain.run.session import PLANNED, Session
from tuitrain.run.snapshot import Actor, Phase
from tuitrain.run.telling import Tell, nobody

from .build import build
from .events import Ended, EpochEnded, Event, Finding, Started, Trouble
from .expect import Expectations
from .schema import Scenario


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that somebody gave at a step of an earlier run, to be given there again."""

    step: int
    command: AnyCommand
    actor: Actor


class Look(Protocol):
    """Looks at a session at its boundaries, as `Expectations` does."""

    def look(self) -> list[Finding]:
        """Return what is found at this boundary."""
        ...

    def end(self) -> list[Finding]:
        """Return what is found when the run is over."""
        ...

    def all_held(self) -> bool:
        """Whether all was found as expected."""
        ...


def replay(
    scenario: Scenario,
    source: str,
    tell: Tell = nobody,
    progress: Callable[[int], None] = lambda _: None,
    recorder: Recorder = NO_RECORD,
    asked: Iterable[Asked] = (),
    enough: Callable[[], bool] = lambda: False,
    rehearsed: bool = True,
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
    rehearsed : whether a planned command that must be refused is an error before the first step;
        a recorded run had it refused, and has it refused again

    Raises
    ------
    ScenarioError : the scenario cannot be built, or a command of it can never be applied
    RunFailedError : a step fails
    """
    session = build(scenario, source, tell, recorder)
    expectations = Expectations(scenario, session, source)
    if rehearsed:
        from .rehearsal import rehearse  # which follows a session, as is done here

        rehearse(scenario, session, source)
    yield started(session)
    yield from follow(session, expectations, source, progress, asked, enough)


def started(session: Session) -> Started:
    """Say what a session is about to run."""
    title = session.title
    return Started(title.name, title.total_steps, title.steps_per_epoch, title.batch_size)


def follow(
    session: Session,
    expectations: Look,
    source: str,
    progress: Callable[[int], None],
    asked: Iterable[Asked] = (),
    enough: Callable[[], bool] = lambda: False,
    attended: bool = False,
) -> Iterator[Event]:
    """Run a session from where it stands to its end, and give what happens as it happens.

    A breakpoint pauses it, and it goes on at once. While the steps go on to meet the condition,
    nothing more is written of it, unless the run is ``attended``.

    Raises
    ------
    RunFailedError : a step fails
    """
    title, waiting = session.title, deque(asked)
    told, problem = len(session.journal), ""
    session.attended = attended
    while True:
        with _failing(session, source):
            session.apply_planned()
            while waiting and waiting[0].step == session.step:
                given = waiting.popleft()
                session.decide(given.command, given.actor, PLANNED)
                session.apply_planned()  # a way back may have led to where something is planned
        new = session.journal.since(told)
        told += len(new)
        yield from new
        with _failing(session, source):
            findings = expectations.look()
        yield from findings
        if session.problem not in ("", problem):
            yield Trouble(session.step, session.problem)
        problem = session.problem
        if session.phase.ended or enough():
            break
        session.phase = Phase.RUNNING
        with _failing(session, source):
            _to_next_boundary(session, waiting[0].step if waiting else None, progress)
        if session.step % title.steps_per_epoch == 0:
            epoch = session.step // title.steps_per_epoch - 1
            yield EpochEnded(epoch, session.step, session.train_loss(), session.test_accuracy())
    yield from expectations.end()
    with _failing(session, source):
        ended = _ended(session, expectations)
    yield ended


@contextmanager
def _failing(session: Session, source: str) -> Iterator[None]:
    """Name source and step in what is raised inside: the user's own model may raise anything."""
    try:
        yield
    except ScenarioError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        raise RunFailedError(f"{source}: step {session.step + 1}: {what}") from error


def _to_next_boundary(session: Session, stop: int | None, progress: Callable[[int], None]) -> None:
    """Run to the next step at which something is planned, expected, measured or asked."""

    def tell() -> bool:
        progress(session.step)
        return False

    ahead = None if stop is None or stop <= session.step else stop - session.step
    session.burst(tell, ahead)
    progress(session.step)


def _ended(session: Session, expectations: Look) -> Ended:
    refused = any(entry.outcome == "refused" for entry in session.journal.entries())
    return Ended(
        step=session.step,
        digest=session.engine.digest(),
        train_loss=session.train_loss(),
        test_accuracy=session.test_accuracy(),
        ok=not refused and expectations.all_held(),
    )
