"""A session that repeats a record from its latest checkpoint that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec

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
from tuitrain.records.observer import NULL_OBSERVER, RecordObserver
from tuitrain.records.provenance import describe_differences
from tuitrain.records.record_format import ChangedLine, JournalLine
from tuitrain.records.record_reader import Header, read_journal, read_metrics
from tuitrain.records.record_writer import RecordWriter
from tuitrain.records.repetition import (
    RepeatedAction,
    RepeatedCommand,
    command_entries,
    count_own_lines,
    count_ways_back,
    ends_by_planned_stop,
    repeated_actions,
    repeated_entries,
)
from tuitrain.records.resume_recorder import ResumeRecorder
from tuitrain.records.scheduled_file import read_scheduled
from tuitrain.run.alerts.alert import Alert
from tuitrain.run.recorder import Recorder
from tuitrain.run.session import Session
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import Phase

from .events import Resumed
from .expect import Expectations


class ResumedRun:
    """A session that repeats a record from its latest checkpoint that fits.

    Parameters
    ----------
    folder : holds the run
    header : of the record
    environment : the present versions and processor, which the bits depend on
    build : makes the session, before its first step, with a recorder; returns its expectations too
    files : closes the record
    name : the checkpoint to continue from (default: the latest)
    although_changed : continue even if data, model or environment have changed
    with_gradients : restore the gradients of a checkpoint, for inspections; the loop of a script
        would add those of its next step to them
    observer : receives the new lines of the record

    Attributes
    ----------
    session, expectations : the session and its expectations
    recorder : the session's recorder
    actions : the actions still to be repeated; see `restore`

    Raises
    ------
    RecordDiffersError : the data or the source of the model has changed
    TuitrainError : there is no such checkpoint, or the record cannot be read or written
    """

    def __init__(
        self,
        folder: Path,
        header: Header,
        environment: Mapping[str, str],
        build: Callable[[Recorder], tuple[Session, Expectations]],
        files: ExitStack,
        name: str | None = None,
        although_changed: bool = False,
        with_gradients: bool = True,
        observer: RecordObserver = NULL_OBSERVER,
    ) -> None:
        self._folder = folder
        self._paths = _checkpoints(folder, name)
        self._header = msgspec.structs.replace(header, environment=dict(environment))
        self._records = read_journal(folder)
        self._although_changed, self._with_gradients = although_changed, with_gradients
        self._environment = describe_differences(header.environment, environment)
        self._writer = RecordWriter(folder, self._header, files, resume=True, observer=observer)
        self.recorder = ResumeRecorder(
            self._records,
            read_metrics(folder),
            self._writer,
            _made_from(header, self._records),
            self._environment,
            although_changed,
        )
        self.session, self.expectations = build(self.recorder)
        self._take_alert, self.session.on_alert = self.session.on_alert, self._pass_alert
        self.actions: list[RepeatedAction] = []

    def _pass_alert(self, alert: Alert) -> None:
        """Give an alert, unless it repeats one of the record."""
        if self.recorder.is_caught_up:
            self._take_alert(alert)

    def restore(self) -> Resumed:
        """Restore the latest checkpoint, and find the actions to repeat after it."""
        used, at, problems = _first_that_fits(
            self._paths, self._problem, self._restore, self.expectations
        )
        self.session.journal.restore(repeated_entries(self._records[: at.journal]))
        self.session.journal.keep_answers(command_entries(self._records))
        if ends_by_planned_stop(self._records[: at.journal]):
            self.session.phase = Phase.STOPPED
        before, lines = self._records[: at.journal], self._records[at.journal :]
        counts = count_own_lines(before), count_ways_back(before)
        self.actions = list(repeated_actions(lines, *counts))
        answered = {entry.ticket for entry in command_entries(self._records)}
        self.session.scheduled = tuple(
            command for command in read_scheduled(self._folder) if command.ticket not in answered
        )
        if self._although_changed:
            self.recorder.continue_changed(at, self.session.step, self._environment)
            self.actions = [  # rules may act at other steps now; the plan goes back as before
                replace(entry, own_entries=0)
                for entry in self.actions
                if isinstance(entry, RepeatedCommand)
            ]
        else:
            self.recorder.start_at(at)
        message = _describe_start(used, self.session.step, problems) + _waiting(
            len(self.session.scheduled)
        )
        return Resumed(self.session.step, message)

    def _restore(self, state: SessionState) -> None:
        if not self._with_gradients:
            state = replace(state, engine=replace(state.engine, gradients={}))
        self.session.restore(state)

    def _problem(self, made: Checkpoint) -> str:
        """Return why a checkpoint is not part of this record, or would lead to other bits."""
        if made.run != self._header.run():
            return "it belongs to another run"
        changes = describe_differences(made.environment, self._header.environment)
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
    restore: Callable[[SessionState], None],
    expectations: Expectations,
) -> tuple[str, Position, list[str]]:
    """Restore a session from the latest checkpoint that fits.

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
                restore(made.session)
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


def _waiting(count: int) -> str:
    if not count:
        return ""
    return (
        f"; {count} command{'' if count == 1 else 's'} wait{'s' if count == 1 else ''} for a step"
    )


def _describe_start(used: str, step: int, problems: Sequence[str]) -> str:
    trouble = f" ({'; '.join(problems)})" if problems else ""
    if not used:
        why = "no checkpoint can be used" if problems else "there is no checkpoint"
        return f"trains again from the start: {why}{trouble}"
    return f"continues from checkpoint {used} of step {step}{trouble}"
