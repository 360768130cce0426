"""Follows a run line by line, and writes its rows: the same ones live and from the record."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from tuitrain.records.branch_replay import BranchReplay, RecordedDecision
from tuitrain.run.group_metrics import GroupMetrics
from tuitrain.run.snapshot import JournalEntry

from .branch_rows import BranchRows
from .rows import (
    BRANCH,
    COMMAND,
    GRAD_NORM,
    GRADIENT,
    LOSS,
    LR,
    PARAMETER,
    UPDATE_RATIO,
    BranchStart,
    Row,
    RowWriter,
    Scalar,
    Text,
    make_histogram,
)


class RunFollower:
    """Turns the lines of a record into rows of its branches.

    Parameters
    ----------
    writer : writes the rows
    clock : returns the time of the present line, in seconds since 1970
    """

    def __init__(self, writer: RowWriter, clock: Callable[[], float]) -> None:
        self._writer, self._clock = writer, clock
        self._replay = BranchReplay()
        self._branches = {"main": BranchRows()}
        writer.begin(BranchStart("main"))

    @property
    def branch(self) -> str:
        """The name of the present branch."""
        return self._replay.name

    @property
    def step(self) -> int:
        """The step of the run after its last command."""
        return self._replay.step

    @property
    def decisions(self) -> tuple[RecordedDecision, ...]:
        """The decisions on the present branch, oldest first."""
        return self._replay.decisions

    def command(self, entry: JournalEntry) -> None:
        """Write a command; one that leads to a new branch begins it.

        Raises
        ------
        CommandError : it cannot have been applied here
        """
        self._write(Text(entry.step, COMMAND, describe_entry(entry)))
        if entry.outcome != "applied":
            return
        before = self.branch
        self._replay.replay(entry.step, entry.command, entry.why)
        if self.branch not in self._branches:
            self._begin(before, entry.command)

    def losses(self, first_step: int, losses: Sequence[float | None]) -> None:
        """Write the losses of the steps from ``first_step`` on."""
        for step, loss in enumerate(losses, first_step):
            self._write(Scalar(step, LOSS, "", _number(loss)))

    def metrics(self, step: int, values: Mapping[str, float | None]) -> None:
        """Write the metrics of the test set after ``step`` steps."""
        for name, value in values.items():
            self._write(Scalar(step, name, "", _number(value)))

    def groups(self, line: GroupMetrics) -> None:
        """Write the metrics of the groups."""
        for group, rate in line.rates.items():
            self._write(Scalar(line.step, LR, group, _number(rate)))
        for group, (grad_norm, update_ratio) in line.groups.items():
            for name, value in ((GRAD_NORM, grad_norm), (UPDATE_RATIO, update_ratio)):
                if value is not None:  # such as those of a frozen group
                    self._write(Scalar(line.step, name, group, value))

    def arrays(
        self,
        step: int,
        parameters: Mapping[str, NDArray[Any]],
        gradients: Mapping[str, NDArray[Any]],
    ) -> None:
        """Write histograms of the arrays of a checkpoint."""
        for name, arrays in ((PARAMETER, parameters), (GRADIENT, gradients)):
            for parameter, values in arrays.items():
                histogram = make_histogram(step, name, parameter, values)
                if histogram is not None:
                    self._write(histogram)

    def _begin(self, left: str, command: str) -> None:
        """Begin the present branch with the rows that it shares with the one left for it."""
        fork, name = self._replay.fork, self.branch
        self._branches[name] = shared = self._branches[left].until(fork)
        self._writer.begin(BranchStart(name, left, fork))
        for row, time in shared:
            self._writer.write(name, row, time)
        here = f"{name} continues {left} from step {fork}: {command}"
        kept = [f"with {item.command}" for item in self.decisions if item.step >= fork]
        self._write(Text(fork, BRANCH, "\n".join([here, *kept])))

    def _write(self, row: Row) -> None:
        time = self._clock()
        self._branches[self.branch].add(row, time)
        self._writer.write(self.branch, row, time)


def describe_entry(entry: JournalEntry) -> str:
    """Return a command with its outcome, its actor, the answer, and the reason as written."""
    message = f": {entry.message}" if entry.message else ""
    lines = [entry.command, f"{entry.outcome}, by {entry.actor}{message}"]
    return "\n".join([*lines, f"why: {entry.why}"] if entry.why else lines)


def _number(value: float | None) -> float:
    """Return a value as a record has it: NaN for all that are not finite."""
    return value if value is not None and math.isfinite(value) else math.nan
