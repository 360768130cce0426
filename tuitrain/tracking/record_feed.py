"""Feeds a record to a follower, its lines in the order in which the run wrote them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from tuitrain.errors import CheckpointError, CommandError, ScenarioError
from tuitrain.records.branch_replay import RecordedDecision
from tuitrain.records.checkpoint_file import checkpoint_path, read_checkpoint
from tuitrain.records.record_format import LossLine, MetricsLine, metric_value
from tuitrain.records.record_reader import JOURNAL, read_groups, read_journal, read_metrics
from tuitrain.records.repetition import command_entries
from tuitrain.run.group_metrics import GroupMetrics
from tuitrain.run.snapshot import JournalEntry

from .follower import RunFollower

FindRates = Callable[[int, tuple[RecordedDecision, ...]], Mapping[str, float]]
"""Returns the learning rates of the groups at a step after some decisions."""

_CHECKPOINT = "checkpoint "


class RecordFeed:
    """The lines of a record, in order.

    Parameters
    ----------
    folder : the folder of the run
    find_rates : for lines of earlier versions, which have no learning rates
    on_step : called after each loss

    Raises
    ------
    TuitrainError : the record cannot be read
    """

    def __init__(
        self,
        folder: Path,
        find_rates: FindRates = lambda _step, _decisions: {},
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder, self._find_rates, self._on_step = folder, find_rates, on_step
        self._entries = list(command_entries(read_journal(folder)))
        self._measured: deque[MetricsLine] = deque(read_metrics(folder))
        self._groups = _by_branch(read_groups(folder))
        self._step = 0
        self.steps = sum(len(line.loss) for line in self._measured if isinstance(line, LossLine))

    def feed(self, follower: RunFollower) -> None:
        """Pass all lines to a follower.

        Raises
        ------
        ScenarioError : the journal has impossible commands
        OSError : the follower cannot write
        """
        last = {e.command: e for e in self._entries if _is_checkpoint(e)}
        for entry in self._entries:
            if self._step <= entry.step:
                self._train(follower, entry.step)
            self._feed_groups(follower, entry.step)
            if last.get(entry.command) is entry:
                self._feed_arrays(follower, entry)
            before = follower.branch
            try:
                follower.command(entry)
            except CommandError as error:
                journal = self._folder / JOURNAL
                raise ScenarioError(f"{journal}: the record is damaged: {error}") from None
            if follower.branch != before:
                self._step = follower.step
        self._train(follower, None)
        self._feed_groups(follower, None)

    def _train(self, follower: RunFollower, until: int | None) -> None:
        """Pass on the losses and metrics up to a step; for None, all that are left."""
        while self._measured:
            line = self._measured[0]
            is_loss = isinstance(line, LossLine)
            goes_back = line.step < self._step + is_loss
            if goes_back or (until is not None and line.step > until):
                break
            self._measured.popleft()
            if isinstance(line, LossLine):
                self._feed_groups(follower, line.step - 1)
                for step, loss in enumerate(line.loss, line.step):
                    follower.losses(step, [loss])
                    self._on_step()
                self._step = line.step + len(line.loss) - 1
            else:
                name, value = metric_value(line)
                follower.metrics(line.step, {name: value})
        if until is not None:
            self._step = max(self._step, until)

    def _feed_groups(self, follower: RunFollower, until: int | None) -> None:
        lines = self._groups.get(follower.branch, deque())
        while lines and (until is None or lines[0].step <= until):
            line = lines.popleft()
            if not line.rates:
                rates = self._find_rates(line.step, follower.decisions)
                line = msgspec.structs.replace(line, rates=dict(rates))
            follower.groups(line)

    def _feed_arrays(self, follower: RunFollower, entry: JournalEntry) -> None:
        """Pass on the arrays of a checkpoint; one that cannot be read is left out."""
        name = entry.command.removeprefix(_CHECKPOINT)
        try:
            engine = read_checkpoint(checkpoint_path(self._folder, name)).session.engine
        except CheckpointError:
            return
        if engine.step == entry.step:
            follower.arrays(engine.step, engine.parameters, engine.gradients)


def _is_checkpoint(entry: JournalEntry) -> bool:
    return entry.outcome == "applied" and entry.command.startswith(_CHECKPOINT)


def _by_branch(lines: Iterable[GroupMetrics]) -> dict[str, deque[GroupMetrics]]:
    """Sort lines by branch, with ascending steps; a later line replaces an earlier one."""
    branches: dict[str, deque[GroupMetrics]] = {}
    for line in lines:
        known = branches.setdefault(line.branch, deque())
        while known and known[-1].step >= line.step:
            known.pop()
        known.append(line)
    return branches
