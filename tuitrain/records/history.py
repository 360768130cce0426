"""The history of a recorded run: its branches, and the steps and metrics on them.

The decisions come from the journal, the values from the metrics. Steps that an ``undo`` retrained
or a ``try`` took have no losses in the record: the curves have gaps there.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from tuitrain.engines.registry import IMPORTED_ENGINE
from tuitrain.errors import CommandError, ScenarioError, TuitrainError
from tuitrain.run.history.curve import Curve
from tuitrain.run.history.metric_curves import MetricCurves
from tuitrain.run.snapshot import JournalEntry, Series

from .branch_replay import BranchReplay, RecordedDecision
from .record_format import LossLine, MetricsLine, metric_value
from .record_reader import JOURNAL, read_header, read_journal, read_metrics
from .repetition import command_entries


@dataclass(slots=True, eq=False)
class RecordedBranch:
    """A branch of a recorded run, from the first step to the step where the run last left it.

    Up to ``fork`` it equals its ``parent``. ``gaps`` are the steps at which gaps in its losses
    begin; each has a NaN, so that no curve crosses the gap.
    """

    name: str
    fork: int = 0
    parent: RecordedBranch | None = None
    loss: Curve = field(default_factory=Curve)
    metrics: MetricCurves = field(default_factory=MetricCurves)
    gaps: set[int] = field(default_factory=set)

    def loss_until(self, step: int) -> Series:
        """Return the losses up to and including a step."""
        known = _until(self.loss, step)
        in_gap = len(known) and int(known.steps[-1]) in self.gaps
        return known.part(slice(-1)) if in_gap else known

    def metrics_until(self, step: int) -> dict[str, Series]:
        """Return the metrics up to and including a step, by name."""
        return self.metrics.until(step).series()

    def fork_at(self, name: str, step: int) -> RecordedBranch:
        """Return a new branch that equals this one up to a step."""
        gaps = {gap for gap in self.gaps if gap <= step}
        return RecordedBranch(
            name, step, self, self.loss.until(step), self.metrics.until(step), gaps
        )

    def add_losses(self, step: int, losses: Sequence[float]) -> None:
        """Add the losses of consecutive steps."""
        steps = self.loss.series().steps
        missing = int(steps[-1]) + 1 if len(steps) else 1
        if missing < step:
            self.gaps.add(missing)
            self.loss.extend(missing, [math.nan])
        self.loss.extend(step, losses)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Consecutive steps of a run, between two moves in its history.

    Attributes
    ----------
    branch : the branch of the steps
    decisions : those on the branch when the segment ended
    first, last : the steps taken at its start and its end
    entries : the number of journal entries at its end
    """

    branch: RecordedBranch
    decisions: tuple[RecordedDecision, ...]
    first: int
    last: int
    entries: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment: the boundary after a step of a segment, with all decisions there."""

    segment: int
    step: int


class History:
    """The moments of a record.

    Parameters
    ----------
    entries : the commands, oldest first
    measured : losses and metrics, oldest first
    is_sparse : whether losses are known at some steps only; the steps between are not gaps

    Raises
    ------
    CommandError : the journal has impossible commands

    Attributes
    ----------
    segments : one or more, in the order of training
    """

    def __init__(
        self,
        entries: Sequence[JournalEntry],
        measured: Iterable[MetricsLine],
        is_sparse: bool = False,
    ) -> None:
        self.entries = tuple(entries)
        self._measured = deque(measured)
        self._is_sparse = is_sparse
        self._step = 0
        self._branches = {"main": RecordedBranch("main")}
        self.segments: list[Segment] = []
        self._follow()
        self._starts = [
            0,
            *accumulate(segment.last - segment.first + 1 for segment in self.segments),
        ]

    def __len__(self) -> int:
        """Return the number of moments, 1 or more."""
        return self._starts[-1]

    @property
    def last_step(self) -> int:
        """The step at which the run ended."""
        return self.segments[-1].last

    def moment(self, index: int) -> Moment:
        """Return a moment by its index, from 0."""
        segment = bisect_right(self._starts, index, hi=len(self.segments)) - 1
        return Moment(segment, self.segments[segment].first + index - self._starts[segment])

    def known_entries(self, moment: Moment) -> int:
        """Return the number of journal entries at a moment."""
        segment = self.segments[moment.segment]
        first = self.segments[moment.segment - 1].entries if moment.segment else 0
        known = segment.entries
        while known > first and self.entries[known - 1].step > moment.step:
            known -= 1
        # The command that led to this segment has another step, but belongs to all of its moments.
        return max(known, first + bool(moment.segment))

    def decisions_at(self, moment: Moment) -> tuple[RecordedDecision, ...]:
        """Return the decisions on the branch up to a moment."""
        known = self.known_entries(moment)
        applied = sum(entry.outcome == "applied" for entry in self.entries[:known])
        decided = self.segments[moment.segment].decisions
        return tuple(decision for decision in decided if decision.order < applied)

    def command_moments(self) -> list[int]:
        """Return the indices of the moments with commands, in order."""
        moments, begins = set[int](), 0
        for segment, start in zip(self.segments, self._starts, strict=False):
            steps = [entry.step for entry in self.entries[begins : segment.entries]]
            if begins:
                steps[:1] = [segment.first]  # where the history command led to
            moments |= {
                start + min(max(step, segment.first), segment.last) - segment.first
                for step in steps
            }
            begins = segment.entries
        return sorted(moments)

    def _follow(self) -> None:
        replay, first = BranchReplay(), 0
        before = replay.decisions
        for index, entry in enumerate(self.entries):
            if self._step <= entry.step:
                self._train(self._branches[replay.name], entry.step)
            if entry.outcome != "applied":
                continue
            name, at = replay.name, self._step
            before = replay.decisions
            replay.replay(entry.step, entry.command, entry.why)
            if replay.name != name:
                self._end_segment(self._branches[name], before, first, at, index)
                self._begin(name, replay)
                first = self._step = replay.step
        branch = self._branches[replay.name]
        self._train(branch, None)
        self._end_segment(branch, replay.decisions, first, self._step, len(self.entries))

    def _end_segment(
        self,
        branch: RecordedBranch,
        decided: tuple[RecordedDecision, ...],
        first: int,
        last: int,
        entries: int,
    ) -> None:
        self.segments.append(Segment(branch, decided, first, max(first, last), entries))

    def _begin(self, left: str, replay: BranchReplay) -> None:
        """Make the branch that a history command led to, if it is new."""
        if replay.name in self._branches:
            return
        self._branches[replay.name] = self._branches[left].fork_at(replay.name, replay.fork)

    def _train(self, branch: RecordedBranch, until: int | None) -> None:
        """Add the metrics up to and including a step; for None, all that are left."""
        while self._measured:
            measured = self._measured[0]
            is_loss = isinstance(measured, LossLine)
            earlier = measured.step < self._step + is_loss  # so the run went back before
            if earlier or (until is not None and measured.step > until):
                break
            self._measured.popleft()
            if isinstance(measured, LossLine):
                values = [math.nan if value is None else value for value in measured.loss]
                if self._is_sparse:
                    branch.loss.extend(measured.step, values)
                else:
                    branch.add_losses(measured.step, values)
                self._step = measured.step + len(values) - 1
                continue
            name, value = metric_value(measured)
            if value is not None:
                branch.metrics.add(measured.step, {name: value})
        if until is not None:
            self._step = max(self._step, until)


def read_history(folder: Path) -> History:
    """Read the history that a run folder holds.

    Raises
    ------
    TuitrainError : the record cannot be read, or is damaged
    """
    entries = list(command_entries(read_journal(folder)))
    try:
        return History(entries, read_metrics(folder), _is_imported(folder))
    except CommandError as error:
        raise ScenarioError(f"{folder / JOURNAL}: the record is damaged: {error}") from None


def _is_imported(folder: Path) -> bool:
    with suppress(TuitrainError):  # a record without a header has a history all the same
        return read_header(folder).scenario.get("engine") == IMPORTED_ENGINE
    return False


def _until(curve: Curve, step: int) -> Series:
    series = curve.series()
    end = int(series.steps.searchsorted(step, side="right"))
    return series.part(slice(end))
