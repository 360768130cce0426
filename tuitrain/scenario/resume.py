"""Going on with a recorded run: from its latest checkpoint, or else from its first step.

Either way the end is the same, bit for bit, and so is the record. From a checkpoint it takes less.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from tuitrain.errors import StateMismatchError, TuitrainError, did_you_mean, join_or
from tuitrain.run.checkpoint import (
    CHECKPOINTS,
    Checkpoint,
    CheckpointError,
    Position,
    read_checkpoint,
    read_position,
)
from tuitrain.run.folder import RunFolder
from tuitrain.run.progress import ProgressCallback, format_count
from tuitrain.run.record_format import ChangedLine, JournalLine
from tuitrain.run.record_reading import Header, read_journal, read_metrics
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase

from .build import build
from .events import Event, WentOn
from .expect import Expectations
from .going_on import GoingOn
from .past.history import read_history
from .record import asked_in, entries_in, stops_by_plan
from .replay import Asked, Reached, Repeated, follow, started
from .rerun import different_environments, scenario_of
from .watch import watch

_TOLD_EVERY = 100
"""Steps."""


def resume(
    folder: Path,
    files: ExitStack,
    tell: ProgressCallback,
    progress: Callable[[int], None],
    name: str | None = None,
    although_changed: bool = False,
) -> Iterator[Event]:
    """Go on with a recorded run to its end, however it was ended, and give what happens.

    What the record holds after the checkpoint is trained again; it comes out the same, or the run
    would not be.

    Parameters
    ----------
    folder : holds the run
    files : closes the record
    tell : is told what is being waited for
    progress : is told the number of steps taken, some times a second
    name : the checkpoint to go on from (default: the latest)
    although_changed : continue from the checkpoint even if data, model or environment have changed;
        what the record holds after it is cut off, and kept beside it

    Raises
    ------
    RecordDiffersError : the data or the source of the model has changed, or the run does not come
        out again as it is recorded
    TuitrainError : the folder holds no run, or no such checkpoint, or it cannot be read, written or
        built
    """
    resumed = _Resumed(folder, files, tell, name, although_changed)
    yield started(resumed.session)
    yield resumed.went_on()
    yield from follow(resumed.session, resumed.expectations, str(folder), progress, resumed.asked)


def resume_watched(folder: Path, files: ExitStack, tell: ProgressCallback) -> Session:
    """Go on with a recorded run to where its record ends, and stand there, to be steered.

    Parameters and errors are those of `resume`. As after `build_watched` the journal is told
    whether expectations are met.

    Raises
    ------
    TuitrainError : as `resume`
    """
    resumed = _Resumed(folder, files, tell)
    session, expectations = resumed.session, resumed.expectations
    resumed.went_on()
    end = read_history(folder).last_step
    asked = [*resumed.asked, Reached(end)]

    def progress(step: int) -> None:
        tell(
            f"training again: step {format_count(step)} of {format_count(end)}", step / max(end, 1)
        )

    events = follow(
        session,
        expectations,
        str(folder),
        _now_and_then(progress),
        asked,
        lambda: resumed.recorder.over and session.step == end,
        attended=True,
    )
    deque(events, maxlen=0)
    if not session.phase.ended:
        session.phase = Phase.PAUSED
    watch(session, expectations)
    return session


def _now_and_then(tell: Callable[[int], None]) -> Callable[[int], None]:
    """Tell every so many steps alone: whoever shows it takes longer than a step."""
    told = -_TOLD_EVERY

    def progress(step: int) -> None:
        nonlocal told
        if abs(step - told) >= _TOLD_EVERY:
            told = step
            tell(step)

    return progress


class _Resumed:
    """A session that is to follow a record again, from its latest checkpoint that fits."""

    def __init__(
        self,
        folder: Path,
        files: ExitStack,
        tell: ProgressCallback,
        name: str | None = None,
        although_changed: bool = False,
    ) -> None:
        from tuitrain.engines.embedded.environment import environment

        header, scenario = scenario_of(folder)
        self._paths = _checkpoints(folder, name)
        self._header = msgspec.structs.replace(header, environment=environment())
        self._records = read_journal(folder)
        self._although_changed = although_changed
        self._environment = different_environments(header.environment)
        self._writer = RunFolder(folder, self._header, files, again=True)
        self.recorder = GoingOn(
            self._records,
            read_metrics(folder),
            self._writer,
            _made_from(header, self._records),
            self._environment,
            although_changed,
        )
        self.session = build(scenario, str(folder), tell, self.recorder)
        self.expectations = Expectations(scenario, self.session, str(folder))
        self.asked: list[Repeated] = []

    def went_on(self) -> WentOn:
        """Stand at the checkpoint, and find what was asked after it."""
        used, at, problems = _first_that_fits(
            self._paths, self._problem, self.session, self.expectations
        )
        self.session.journal.restore(entries_in(self._records[: at.journal]))
        if stops_by_plan(self._records[: at.journal]):
            self.session.phase = Phase.STOPPED
        self.asked = list(asked_in(self._records[at.journal :]))
        if self._although_changed:
            self.recorder.continue_changed(at, self.session.step, self._environment)
            self.asked = [each for each in self.asked if isinstance(each, Asked)]
        else:
            self.recorder.begin(at)
        return WentOn(self.session.step, _told(used, self.session.step, problems))

    def _problem(self, made: Checkpoint) -> str:
        """Say why a checkpoint is not one of this record, or would not lead to the same bits."""
        if made.run != self._header.run():
            return "it is of another run"
        changes = different_environments(made.environment)
        if changes and not self._although_changed:
            return f"it was made in another environment ({'; '.join(changes)})"
        end = self._writer.position
        if made.position.journal > end.journal or made.position.metrics > end.metrics:
            return "the record ends before it"
        return ""


def _made_from(header: Header, lines: Iterable[JournalLine]) -> Mapping[str, str]:
    """Return what model and data were made from when the run was last continued."""
    changed = [each.provenance for each in lines if isinstance(each, ChangedLine)]
    return changed[-1] if changed else header.provenance


def _checkpoints(folder: Path, name: str | None) -> list[Path]:
    """Return the files of all checkpoints, or of the one that is asked for."""
    found = {each.stem: each for each in sorted((folder / CHECKPOINTS).glob("*.npz"))}
    if name is None:
        return list(found.values())
    if name not in found:
        known = f" (checkpoints: {join_or(found)})" if found else "; there is none"
        raise TuitrainError(
            f"{folder} has no checkpoint {name!r}{did_you_mean(name, found)}{known}"
        )
    return [found[name]]


def _first_that_fits(
    paths: Iterable[Path],
    problem_of: Callable[[Checkpoint], str],
    session: Session,
    expectations: Expectations,
) -> tuple[str, Position, list[str]]:
    """Let the session go on from the latest checkpoint that fits.

    Returns
    -------
    Its name and position ("" and the start if none does), and what is wrong with later ones
    """
    problems: list[str] = []
    for path in _latest_first(paths, problems):
        try:
            made = read_checkpoint(path)
            problem = problem_of(made) or expectations.problem_of(made.session)
            if not problem:
                session.restore(made.session)
                expectations.go_on_from(made.session)
                return path.stem, made.position, problems
        except (CheckpointError, StateMismatchError) as error:
            problem = str(error)
        problems.append(f"{path.stem}: {problem}")
    return "", Position(), problems


def _latest_first(paths: Iterable[Path], problems: list[str]) -> list[Path]:
    """Sort checkpoints by how much of the record there was; those that cannot be read are told."""
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
    return f"goes on from checkpoint {used} of step {step}{trouble}"
