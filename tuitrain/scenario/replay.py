"""The headless run of a scenario, as a stream of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tuitrain.predicates import never
from tuitrain.records.repetition import RepeatedAction
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.progress import ProgressCallback, ignore_progress
from tuitrain.run.recorder import NULL_RECORDER, Recorder
from tuitrain.run.session import Session

from .build import build
from .events import Event
from .expect import Expectations
from .rehearsal import rehearse
from .run_to_end import run_to_end, started_event
from .schema import Scenario


def replay(
    scenario: Scenario,
    source: str,
    on_progress: ProgressCallback = ignore_progress,
    on_step: Callable[[int], None] = lambda _: None,
    recorder: Recorder = NULL_RECORDER,
    actions: Iterable[RepeatedAction] = (),
    should_end: Callable[[], bool] = never,
    rehearse_plan: bool = True,
    access: LiveAccess | None = None,
    on_built: Callable[[Session], None] = lambda _: None,
) -> Iterator[Event]:
    """Run a scenario from its first to its last step; yield events as they happen.

    A ``pause`` is written to the journal and has no other effect, unless a viewer is there to
    resume.

    Parameters
    ----------
    scenario : what to run
    source : its name in errors: the file
    on_progress : called with the work in progress
    on_step : called with the number of steps taken, several times a second
    recorder : keeps a record of the run
    actions : the actions of an earlier run apart from the scenario's commands, in order
    should_end : called at every boundary; True ends the run there
    rehearse_plan : whether a planned command that would be refused is an error before the first
        step; a repeated run refuses it at its step, as recorded
    access : through which viewers watch and steer the run; None for a run without viewers
    on_built : called with the session, before its first step

    Raises
    ------
    ScenarioError : the scenario cannot be built, or one of its commands can never be applied
    RunFailedError : a step fails
    """
    session = build(scenario, source, on_progress, recorder)
    expectations = Expectations(scenario.expect, session, source)
    if rehearse_plan:
        rehearse(scenario, session, source)
    on_built(session)
    yield started_event(session)
    yield from run_to_end(
        session, expectations, source, on_step, actions, should_end, access=access
    )
