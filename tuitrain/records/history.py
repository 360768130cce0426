"""The history of a recorded run: which line it stood on, when, and what was measured there.

The journal says what was decided and where it led to, the metrics what was measured. Steps that
were trained again after an undo, and what was only tried, left no losses in the record: there the
curves have gaps.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from tuitrain.errors import CommandError, ScenarioError
from tuitrain.records.branch_replay import BranchReplay, RecordedDecision
from tuitrain.records.record_format import LossLine, MetricsLine
from tuitrain.records.record_reader import JOURNAL, read_journal, read_metrics
from tuitrain.records.repetition import command_entries
from tuitrain.run.history.curve import Curve
from tuitrain.run.snapshot import JournalEntry, Series


@dataclass(slots=True, eq=False)
class RecordedBranch:
    """One line of history, from the first step to where it was left last.

    Up to ``fork`` it is its ``parent``. ``gaps`` are the steps at which its losses begin to be
    unknown; there is a NaN at each, so that no curve crosses the gap.
    """

    name: str
    fork: int = 0
    parent: RecordedBranch | None = None
    loss: Curve = field(default_factory=Curve)
    accuracy: Curve = field(default_factory=Curve)
    gaps: set[int] = field(default_factory=set)

    def loss_until(self, step: int) -> Series:
        """Return the losses up to and including a step."""
        known = _until(self.loss, step)
        in_gap = len(known) and int(known.steps[-1]) in self.gaps
        return Series(known.steps[:-1], known.values[:-1]) if in_gap else known

    def accuracy_until(self, step: int) -> Series:
        """Return the accuracies up to and including a step."""
        return _until(self.accuracy, step)

    def fork_at(self, name: str, step: int) -> RecordedBranch:
        """Return a line that is this one up to a step."""
        gaps = {each for each in self.gaps if each <= step}
        return RecordedBranch(
            name, step, self, self.loss.until(step), self.accuracy.until(step), gaps
        )

    def add_losses(self, step: int, losses: Sequence[float]) -> None:
        """Take in losses from a step on."""
        steps = self.loss.series().steps
        missing = int(steps[-1]) + 1 if len(steps) else 1
        if missing < step:
            self.gaps.add(missing)
            self.loss.extend(missing, [math.nan])
        self.loss.extend(step, losses)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A stretch that the run trained without going back.

    Attributes
    ----------
    line : where it was trained
    decided : what had been decided on the line when the segment ended
    first, last : the steps taken at its ends
    entries : of the journal, how many there were at its end
    """

    branch: RecordedBranch
    decisions: tuple[RecordedDecision, ...]
    first: int
    last: int
    entries: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A step of a segment: the boundary after it, with all that was decided there."""

    segment: int
    step: int


class History:
    """What a record tells, moment by moment.

    Parameters
    ----------
    entries : the commands, oldest first
    measured : losses and accuracies, oldest first

    Raises
    ------
    CommandError : the journal tells of commands that cannot have been

    Attributes
    ----------
    segments : at least one, in the order in which they were trained
    """

    def __init__(self, entries: Sequence[JournalEntry], measured: Iterable[MetricsLine]) -> None:
        self.entries = tuple(entries)
        self._measured = deque(measured)
        self._step = 0
        self._lines = {"main": RecordedBranch("main")}
        self.segments: list[Segment] = []
        self._follow()
        self._starts = [
            0,
            *accumulate(segment.last - segment.first + 1 for segment in self.segments),
        ]

    def __len__(self) -> int:
        """Return how many moments there are; at least one."""
        return self._starts[-1]

    @property
    def last_step(self) -> int:
        """Where the run stood at the end."""
        return self.segments[-1].last

    def moment(self, index: int) -> Moment:
        """Return a moment by its place, counted from 0."""
        segment = bisect_right(self._starts, index, hi=len(self.segments)) - 1
        return Moment(segment, self.segments[segment].first + index - self._starts[segment])

    def known_entries(self, moment: Moment) -> int:
        """Return how many entries of the journal there were at a moment."""
        segment = self.segments[moment.segment]
        first = self.segments[moment.segment - 1].entries if moment.segment else 0
        known = segment.entries
        while known > first and self.entries[known - 1].step > moment.step:
            known -= 1
        # What led to this segment was decided at another step; it is known in all of the segment.
        return max(known, first + bool(moment.segment))

    def decisions_at(self, moment: Moment) -> tuple[RecordedDecision, ...]:
        """Return what had been decided on the line, up to a moment."""
        known = self.known_entries(moment)
        applied = sum(each.outcome == "applied" for each in self.entries[:known])
        decided = self.segments[moment.segment].decisions
        return tuple(each for each in decided if each.order < applied)

    def command_moments(self) -> list[int]:
        """Return the places of the moments at which something was asked, each once."""
        found, begins = set(), 0
        for segment, start in zip(self.segments, self._starts, strict=False):
            steps = [each.step for each in self.entries[begins : segment.entries]]
            if begins:
                steps[:1] = [segment.first]  # where the way back has led to
            found |= {
                start + min(max(each, segment.first), segment.last) - segment.first
                for each in steps
            }
            begins = segment.entries
        return sorted(found)

    def _follow(self) -> None:
        lines, first = BranchReplay(), 0
        before = tuple(lines.decisions)
        for index, entry in enumerate(self.entries):
            if self._step <= entry.step:
                self._train(self._lines[lines.name], entry.step)
            if entry.outcome != "applied":
                continue
            name, at = lines.name, self._step
            before = tuple(lines.decisions)
            lines.replay(entry.step, entry.command)
            if lines.name != name:
                self._end_leg(self._lines[name], before, first, at, index)
                self._begin(name, lines)
                first = self._step = lines.step
        line = self._lines[lines.name]
        self._train(line, None)
        self._end_leg(line, tuple(lines.decisions), first, self._step, len(self.entries))

    def _end_leg(
        self,
        line: RecordedBranch,
        decided: tuple[RecordedDecision, ...],
        first: int,
        last: int,
        entries: int,
    ) -> None:
        self.segments.append(Segment(line, decided, first, max(first, last), entries))

    def _begin(self, left: str, lines: BranchReplay) -> None:
        """Stand on the line that a way back has led to, and make it if it is new."""
        if lines.name in self._lines:
            return
        self._lines[lines.name] = self._lines[left].fork_at(lines.name, lines.fork)

    def _train(self, line: RecordedBranch, until: int | None) -> None:
        """Take in what was measured up to and including a step; all that is left for None."""
        while self._measured:
            each = self._measured[0]
            is_loss = isinstance(each, LossLine)
            earlier = each.step < self._step + is_loss  # so it comes after a way back
            if earlier or (until is not None and each.step > until):
                break
            self._measured.popleft()
            if is_loss:
                values = [math.nan if value is None else value for value in each.loss]
                line.add_losses(each.step, values)
                self._step = each.step + len(values) - 1
            elif each.accuracy is not None:
                line.accuracy.extend(each.step, [each.accuracy])
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
        return History(entries, read_metrics(folder))
    except CommandError as error:
        raise ScenarioError(f"{folder / JOURNAL}: the record is damaged: {error}") from None


def _until(curve: Curve, step: int) -> Series:
    series = curve.series()
    end = int(series.steps.searchsorted(step, side="right"))
    return Series(series.steps[:end], series.values[:end])
