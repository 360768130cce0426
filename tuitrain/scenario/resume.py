"""Resuming a recorded run: from its latest checkpoint, or from its first step.

Both lead to the same end and record, bit for bit; a checkpoint saves time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from tuitrain.engines.registry import engine_factory
from tuitrain.errors import (
    CheckpointError,
    StateMismatchError,
    TuitrainError,
    did_you_mean,
)
from tuitrain.records.checkpoint_file import (
    CHECKPOINTS,
    Checkpoint,
    Position,
    read_checkpoint,
    read_position,
)
from tuitrain.records.history import read_history
from tuitrain.records.record_format import ChangedLine, JournalLine
from tuitrain.records.record_reader import Header, read_journal, read_metrics
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import (
    ReachedStep,
    RepeatedAction,
    RepeatedCommand,
    ends_by_planned_stop,
    repeated_actions,
    repeated_entries,
)
from tuitrain.records.resume_recorder import ResumeRecorder
from tuitrain.run.live.access import LiveAccess
from tuitrain.run.progress import ProgressCallback
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase
from tuitrain.text import format_count

from .build import build
from .events import Event, Resumed
from .expect import Expectations
from .live_expectations import attach_expectations
from .run_to_end import run_to_end, started_event
from .verify import environment_differences, read_repeatable

_REPORT_EVERY = 100
"""Steps."""


def resume(
    folder: Path,
    files: ExitStack,
    on_progress: ProgressCallback,
    on_step: Callable[[int], None],
    name: str | None = None,
    although_changed: bool = False,
    access: LiveAccess | None = None,
) -> Iterator[Event]:
    """Continue a recorded run to its end, whatever stopped it; yield events.

    The recorded steps after the checkpoint are retrained, and must be the same.

    Parameters
    ----------
    folder : holds the run
    files : closes the record
    on_progress : called with what is being waited for
    on_step : called with the number of steps taken, several times a second
    name : the checkpoint to continue from (default: the latest)
    although_changed : continue from the checkpoint even if data, model or environment have changed;
        the record after it is cut off into files with other names
    access : through which viewers watch the run, and steer it once it has repeated its record; None
        for a run without viewers

    Raises
    ------
    RecordDiffersError : the data or the source of the model has changed, or the run does not repeat
        its record
    TuitrainError : the folder has no run or no such checkpoint, or it cannot be read, written or
        built
    """
    resumed = _Resumed(folder, files, on_progress, name, although_changed)
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


def resume_session(folder: Path, files: ExitStack, on_progress: ProgressCallback) -> Session:
    """Continue a recorded run to the end of its record, and pause there for the user.

    Parameters and errors are those of `resume`. As with `build_with_expectations`, the journal says
    whether expectations are met.

    Raises
    ------
    TuitrainError : as `resume`
    """
    resumed = _Resumed(folder, files, on_progress)
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


def _throttled(on_progress: Callable[[int], None]) -> Callable[[int], None]:
    """Call back only every `_REPORT_EVERY` steps: showing the progress takes longer than a step."""
    reported = -_REPORT_EVERY

    def on_step(step: int) -> None:
        nonlocal reported
        if abs(step - reported) >= _REPORT_EVERY:
            reported = step
            on_progress(step)

    return on_step


class _Resumed:
    """A session that repeats a record from its latest checkpoint that fits."""

    def __init__(
        self,
        folder: Path,
        files: ExitStack,
        on_progress: ProgressCallback,
        name: str | None = None,
        although_changed: bool = False,
    ) -> None:
        header, scenario = read_repeatable(folder)
        self._paths = _checkpoints(folder, name)
        self._scenario = scenario
        environment = dict(engine_factory(scenario.engine).environment())
        self._header = msgspec.structs.replace(header, environment=environment)
        self._records = read_journal(folder)
        self._although_changed = although_changed
        self._environment = environment_differences(header.environment, scenario)
        self._writer = RecordWriter(folder, self._header, files, resume=True)
        self.recorder = ResumeRecorder(
            self._records,
            read_metrics(folder),
            self._writer,
            _made_from(header, self._records),
            self._environment,
            although_changed,
        )
        self.session = build(scenario, str(folder), on_progress, self.recorder)
        self.expectations = Expectations(scenario, self.session, str(folder))
        self.actions: list[RepeatedAction] = []

    def restore(self) -> Resumed:
        """Restore the latest checkpoint, and find the actions to repeat after it."""
        used, at, problems = _first_that_fits(
            self._paths, self._problem, self.session, self.expectations
        )
        self.session.journal.restore(repeated_entries(self._records[: at.journal]))
        if ends_by_planned_stop(self._records[: at.journal]):
            self.session.phase = Phase.STOPPED
        self.actions = list(repeated_actions(self._records[at.journal :]))
        if self._although_changed:
            self.recorder.continue_changed(at, self.session.step, self._environment)
            self.actions = [entry for entry in self.actions if isinstance(entry, RepeatedCommand)]
        else:
            self.recorder.start_at(at)
        return Resumed(self.session.step, _told(used, self.session.step, problems))

    def _problem(self, made: Checkpoint) -> str:
        """Return why a checkpoint is not part of this record, or would lead to other bits."""
        if made.run != self._header.run():
            return "it is of another run"
        changes = environment_differences(made.environment, self._scenario)
        if changes and not self._although_changed:
            return f"it was made in another environment ({'; '.join(changes)})"
        end = self._writer.position
        if made.position.journal > end.journal or made.position.metrics > end.metrics:
            return "the record ends before it"
        return ""


def _made_from(header: Header, lines: Iterable[JournalLine]) -> Mapping[str, str]:
    """Return the provenance of model and data when the run was last continued."""
    changed = [entry.provenance for entry in lines if isinstance(entry, ChangedLine)]
    return changed[-1] if changed else header.provenance


def _checkpoints(folder: Path, name: str | None) -> list[Path]:
    """Return the files of all checkpoints, or of the one called ``name``."""
    files = {path.stem: path for path in sorted((folder / CHECKPOINTS).glob("*.npz"))}
    if name is None:
        return list(files.values())
    if name not in files:
        known = f" (checkpoints: {', '.join(files)})" if files else "; there is none"
        raise TuitrainError(
            f"{folder} has no checkpoint {name!r}{did_you_mean(name, files)}{known}"
        )
    return [files[name]]


def _first_that_fits(
    paths: Iterable[Path],
    resume_problem: Callable[[Checkpoint], str],
    session: Session,
    expectations: Expectations,
) -> tuple[str, Position, list[str]]:
    """Restore the session from the latest checkpoint that fits.

    Returns
    -------
    Its name and position ("" and the start if none fits), and the problems of later ones
    """
    problems: list[str] = []
    for path in _latest_first(paths, problems):
        try:
            made = read_checkpoint(path)
            problem = resume_problem(made) or expectations.resume_problem(made.session)
            if not problem:
                session.restore(made.session)
                expectations.restore(made.session)
                return path.stem, made.position, problems
        except (CheckpointError, StateMismatchError) as error:
            problem = str(error)
        problems.append(f"{path.stem}: {problem}")
    return "", Position(), problems


def _latest_first(paths: Iterable[Path], problems: list[str]) -> list[Path]:
    """Sort checkpoints by their position in the record; add what cannot be read to ``problems``."""
    positions: dict[Path, Position] = {}
    for path in paths:
        try:
            positions[path] = read_position(path)
        except CheckpointError as error:
            problems.append(f"{path.stem}: {error}")
    return sorted(positions, key=lambda path: positions[path], reverse=True)


def _told(used: str, step: int, problems: Sequence[str]) -> str:
    trouble = f" ({'; '.join(problems)})" if problems else ""
    if not used:
        why = "no checkpoint can be used" if problems else "there is no checkpoint"
        return f"trains again from the start: {why}{trouble}"
    return f"continues from checkpoint {used} of step {step}{trouble}"
