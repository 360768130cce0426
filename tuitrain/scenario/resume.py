"""Resuming a recorded run: from its latest checkpoint, or from its first step.

Both lead to the same end and record, bit for bit; a checkpoint saves time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from tuitrain.engines.registry import engine_factory
from tuitrain.records.history import read_history
from tuitrain.records.observer import NULL_OBSERVER, RecordObserver
from tuitrain.records.repetition import ReachedStep
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.recorder import Recorder
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase
from tuitrain.text import format_count

from .build import build
from .events import Event
from .expect import Expectations
from .live_expectations import attach_expectations
from .resumed_run import ResumedRun
from .run_to_end import run_to_end, started_event
from .verify import read_repeatable

_REPORT_EVERY = 100
"""Steps between two reports of the progress."""


def resume(
    folder: Path,
    files: ExitStack,
    on_progress: ProgressCallback,
    on_step: Callable[[int], None],
    name: str | None = None,
    although_changed: bool = False,
    access: LiveAccess | None = None,
    observer: RecordObserver = NULL_OBSERVER,
) -> Iterator[Event]:
    """Continue a recorded run to its end, whatever stopped it; yield events.

    The recorded steps after the checkpoint are retrained, and must be the same.

    Parameters
    ----------
    folder : holds the run
    files : closes the record
    on_progress : called with the work in progress
    on_step : called with the number of steps taken, several times a second
    name : the checkpoint to continue from (default: the latest)
    although_changed : continue from the checkpoint even if data, model or environment have changed;
        the record after it is cut off into files with other names
    access : through which viewers watch the run, and steer it once it has repeated its record; None
        for a run without viewers
    observer : receives the new lines of the record

    Raises
    ------
    RecordDiffersError : the data or the source of the model has changed, or the run does not repeat
        its record
    TuitrainError : the folder has no run or no such checkpoint, or it cannot be read, written or
        built
    """
    resumed = _resumed_run(folder, files, on_progress, name, although_changed, observer)
    yield started_event(resumed.session)
    yield resumed.restore()
    yield from run_to_end(
        resumed.session,
        resumed.expectations,
        str(folder),
        on_step,
        resumed.actions,
        access=access,
        is_caught_up=lambda: resumed.recorder.is_caught_up,
    )


def resume_session(
    folder: Path,
    files: ExitStack,
    on_progress: ProgressCallback,
    observer: RecordObserver = NULL_OBSERVER,
) -> Session:
    """Continue a recorded run to the end of its record, and pause there for the user.

    Parameters and errors are those of `resume`. As with `build_with_expectations`, the journal says
    whether expectations are met.

    Raises
    ------
    TuitrainError : as `resume`
    """
    resumed = _resumed_run(folder, files, on_progress, observer=observer)
    session, expectations = resumed.session, resumed.expectations
    resumed.restore()
    end = read_history(folder).last_step
    actions = [*resumed.actions, ReachedStep(end)]

    def on_step(step: int) -> None:
        on_progress(
            f"training again: step {format_count(step)} of {format_count(end)}", step / max(end, 1)
        )

    events = run_to_end(
        session,
        expectations,
        str(folder),
        _throttled(on_step),
        actions,
        lambda: resumed.recorder.is_caught_up and session.step == end,
        is_attended=True,
    )
    deque(events, maxlen=0)
    if not session.phase.ended:
        session.phase = Phase.PAUSED
    attach_expectations(session, expectations)
    return session


def _resumed_run(
    folder: Path,
    files: ExitStack,
    on_progress: ProgressCallback,
    name: str | None = None,
    although_changed: bool = False,
    observer: RecordObserver = NULL_OBSERVER,
) -> ResumedRun:
    header, scenario = read_repeatable(folder)

    def build_recorded(recorder: Recorder) -> tuple[Session, Expectations]:
        session = build(scenario, str(folder), on_progress, recorder)
        return session, Expectations(scenario.expect, session, str(folder))

    environment = engine_factory(scenario.engine).environment()
    return ResumedRun(
        folder,
        header,
        environment,
        build_recorded,
        files,
        name,
        although_changed,
        observer=observer,
    )


def _throttled(on_progress: Callable[[int], None]) -> Callable[[int], None]:
    """Call back only every `_REPORT_EVERY` steps: showing the progress takes longer than a step."""
    reported = -_REPORT_EVERY

    def on_step(step: int) -> None:
        nonlocal reported
        if abs(step - reported) >= _REPORT_EVERY:
            reported = step
            on_progress(step)

    return on_step
