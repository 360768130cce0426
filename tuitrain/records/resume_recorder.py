"""Resuming a record: repeated lines are compared, new lines are written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tuitrain.engines.inspection import NetworkView
from tuitrain.errors import RecordDiffersError
from tuitrain.run.group_metrics import ReadGroups
from tuitrain.run.recorder import NULL_RECORDER, Recorder
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import EndReason, JournalEntry, ScheduledCommand

from .checkpoint_file import Position
from .provenance import describe_differences
from .record_check import RecordCheck
from .record_format import DigestLine, EndLine, JournalLine, MetricsLine
from .record_writer import RecordWriter
from .repetition import is_optional, is_repeated


class _RepeatedLine(NamedTuple):
    """A line of the journal that comes again; its number counts from 1."""

    number: int
    is_optional: bool


class ResumeRecorder:
    """A recorder that skips the lines of an existing record, and appends new ones.

    Skipped lines are compared: a run that does not repeat its record does not continue it. Journal
    lines are compared line by line; losses and metrics value by value, because their grouping in
    lines depends on viewers.

    Parameters
    ----------
    records : the lines of the journal
    metrics : the lines of losses and metrics
    writer : writes the new lines
    made_from : the recorded digests of data and source files, by name
    environment : the differences from the recorded environment, in words
    although_changed : whether the run may continue with another model or other data

    Raises
    ------
    RecordDiffersError : raised at the first difference between the run and its record
    """

    def __init__(
        self,
        records: Sequence[JournalLine],
        metrics: Sequence[MetricsLine],
        writer: RecordWriter,
        made_from: Mapping[str, str],
        environment: Sequence[str] = (),
        although_changed: bool = False,
    ) -> None:
        self._writer = writer
        self._records, self._recorded_metrics = records, metrics
        self._made_from, self._environment = made_from, environment
        self._made_from_now: Mapping[str, str] = {}
        self._although_changed = although_changed
        self.start_at(Position())

    def start_at(self, position: Position) -> None:
        """Expect the lines after a position of the record."""
        self._ahead = deque(
            _RepeatedLine(index + 1, is_optional(line))
            for index, line in enumerate(self._records)
            if index >= position.journal and is_repeated(line)
        )
        self._journal, self._metrics = position.journal, position.metrics
        again = filter(is_repeated, self._records[position.journal :])
        self._check = RecordCheck(again, self._recorded_metrics, position.metrics)

    @property
    def problem(self) -> str:
        """Why nothing more is recorded, or ""."""
        return self._writer.problem

    @property
    def is_caught_up(self) -> bool:
        """Whether the run has repeated the whole record."""
        repeated = all(line.is_optional for line in self._ahead)
        return repeated and self._metrics >= self._writer.position.metrics

    def continue_changed(self, position: Position, step: int, changes: Sequence[str]) -> None:
        """Cut the record at a position, and write new lines from there.

        Parameters
        ----------
        step : the steps taken at the position
        changes : what has changed apart from data and source files, in words

        Raises
        ------
        TuitrainError : the record cannot be cut
        """
        every = [*changes, *describe_differences(self._made_from, self._made_from_now)]
        self._writer.continue_changed(position, step, every, self._made_from_now)
        self._records, self._recorded_metrics = self._records[: position.journal], ()
        self.start_at(self._writer.position)

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Compare the provenance of model and data with the recorded one."""
        if not self._made_from and self._writer.position == Position():
            self._writer.provenance(get_provenance)  # the run was killed before this was recorded
            return
        self._made_from_now = get_provenance()
        changes = describe_differences(self._made_from, self._made_from_now)
        if not self._although_changed:
            check_unchanged(changes)

    def command(self, entry: JournalEntry) -> None:
        """Write a command, if it is new."""
        self._compare(lambda check: check.command(entry))
        self._next_line(is_breakpoint_pause=entry.actor == "breakpoint").command(entry)

    def network(self, view: NetworkView) -> None:
        """Record the network; see `RecordWriter.network`."""
        self._writer.network(view)

    def scheduled(self, commands: Sequence[ScheduledCommand]) -> None:
        """Replace the commands that wait for their steps."""
        self._writer.scheduled(commands)

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Write digests, if they are new."""
        self._compare(lambda check: check.digest(step, branch, digests))
        self._next_line().digest(step, branch, digests)

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Write the end of the run, unless it is the record's next or last line.

        A run that ends while it repeats its record adds nothing.
        """
        ahead = self._next_ahead()
        if isinstance(ahead, EndLine) and (ahead.step, ahead.branch) == (step, branch):
            self._compare(lambda check: check.ended(step, branch, reason, digests))
            self._next_line()
        elif self.is_caught_up and not self._ends_with(step, branch):
            self._writer.ended(step, branch, reason, digests)

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Write the losses that are new."""
        self._compare(lambda check: check.losses(first_step, losses))
        known = self._count_known(len(losses))
        if losses[known:]:
            self._writer.losses(first_step + known, losses[known:])

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Write those metrics that are new."""
        self._compare(lambda check: check.metrics(step, values))
        known = self._count_known(len(values))
        if new := dict(list(values.items())[known:]):
            self._writer.metrics(step, new)

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Write the groups' metrics, once the run has passed the end of the record."""
        if self.is_caught_up:
            self._writer.groups(step, branch, read_groups, last)

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Write a checkpoint for this position, which may lie inside the record."""
        journal = self._journal if self._ahead else self._writer.position.journal
        return self._writer.checkpoint_at(Position(journal, self._metrics), name, get_state)

    def _compare(self, compare: Callable[[RecordCheck], None]) -> None:
        """Compare with the record; raise `RecordDiffersError` if the run differs."""
        compare(self._check)
        difference = self._check.difference
        if difference is not None:
            elsewhere = f" (another environment: {'; '.join(self._environment)})"
            raise RecordDiffersError(
                f"the run does not repeat its record, step {difference.step}: {difference.what}"
                f"{elsewhere if self._environment else ''}; `resume --although-changed` continues "
                "it anyway"
            )

    def _next_ahead(self) -> JournalLine | None:
        """Return the next line of the journal that must come again, or None."""
        number = next((line.number for line in self._ahead if not line.is_optional), None)
        return None if number is None else self._records[number - 1]

    def _ends_with(self, step: int, branch: str) -> bool:
        """Whether the record ends with digests of this state."""
        if not self._records or self._writer.position.journal != len(self._records):
            return False
        last = self._records[-1]
        has_digests = isinstance(last, DigestLine | EndLine)
        return has_digests and (last.step, last.branch) == (step, branch)

    def _next_line(self, is_breakpoint_pause: bool = False) -> Recorder:
        """Return the recorder of the journal's next line.

        It records nothing if the line exists. Breakpoints of an attended run may have held the run
        at other steps.
        """
        while self._ahead and not is_breakpoint_pause and self._ahead[0].is_optional:
            self._ahead.popleft()
        if not self._ahead:
            return self._writer
        if self._ahead[0].is_optional == is_breakpoint_pause:
            self._journal = self._ahead.popleft().number
        return NULL_RECORDER

    def _count_known(self, count: int) -> int:
        """Return how many of the next ``count`` metrics exist already."""
        known = max(0, min(count, self._writer.position.metrics - self._metrics))
        self._metrics += count
        return known


def check_unchanged(changes: Sequence[str]) -> None:
    """Check that nothing has changed since a run was recorded.

    Raises
    ------
    RecordDiffersError : something has; names it
    """
    if changes:
        raise RecordDiffersError(
            f"the run cannot be continued as it was, because of changes: {'; '.join(changes)}; "
            f"`resume --although-changed` continues it anyway"
        )
