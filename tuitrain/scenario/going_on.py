"""Going on with a record: what is there already is passed over, what is new is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from tuitrain.run.checkpoint import Position
from tuitrain.run.courses import Take
from tuitrain.run.folder import RunFolder
from tuitrain.run.record_format import JournalLine
from tuitrain.run.recorder import NO_RECORD, Recorder
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import JournalEntry

from .record import comes_again, of_breakpoint


class GoingOn:
    """A recorder that passes over what a folder holds already, and writes down what follows.

    Of the journal a line is passed over for each that comes again. Losses and accuracies are
    counted one by one: how many of them share a line depends on who looked up how often.

    Parameters
    ----------
    records : the journal's lines
    folder : where what follows goes
    """

    def __init__(self, records: Sequence[JournalLine], folder: RunFolder) -> None:
        self._folder = folder
        self._records = records
        self.begin(Position())

    def begin(self, position: Position) -> None:
        """Expect what follows on a position of the record."""
        self._ahead = deque(
            (index + 1, of_breakpoint(line))
            for index, line in enumerate(self._records)
            if index >= position.journal and comes_again(line)
        )
        self._journal, self._metrics = position.journal, position.metrics

    @property
    def problem(self) -> str:
        """Why nothing more is recorded, or ""."""
        return self._folder.problem

    @property
    def over(self) -> bool:
        """Whether all that the folder held has come again."""
        return not self._ahead and self._metrics >= self._folder.position.metrics

    def command(self, entry: JournalEntry) -> None:
        """Write a command down, if it is new."""
        self._next_line(of_breakpoint=entry.actor == "breakpoint").command(entry)

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Write digests down, if they are new."""
        self._next_line().digest(step, branch, digests)

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Write those losses down that are new."""
        known = self._pass_over(len(losses))
        if losses[known:]:
            self._folder.losses(first_step + known, losses[known:])

    def accuracy(self, step: int, accuracy: float) -> None:
        """Write an accuracy down, if it is new."""
        if not self._pass_over(1):
            self._folder.accuracy(step, accuracy)

    def groups(self, step: int, branch: str, take: Take, last: bool = False) -> None:
        """Write down what the groups look like, once the run is where the record ended."""
        if self.over:
            self._folder.groups(step, branch, take, last)

    def checkpoint(self, name: str, take: Callable[[], SessionState]) -> str:
        """Write a checkpoint that goes on here, which may be in the midst of the record."""
        journal = self._journal if self._ahead else self._folder.position.journal
        return self._folder.checkpoint_at(Position(journal, self._metrics), name, take)

    def _next_line(self, of_breakpoint: bool = False) -> Recorder:
        """Return who writes the next line of the journal: nobody, if it is there.

        Breakpoints of a run that somebody watched may have held it at other steps.
        """
        while self._ahead and not of_breakpoint and self._ahead[0][1]:
            self._ahead.popleft()
        if not self._ahead:
            return self._folder
        if self._ahead[0][1] == of_breakpoint:
            self._journal, _ = self._ahead.popleft()
        return NO_RECORD

    def _pass_over(self, count: int) -> int:
        """Return how many of the next so many metrics are there."""
        known = max(0, min(count, self._folder.position.metrics - self._metrics))
        self._metrics += count
        return known
