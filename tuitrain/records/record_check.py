"""A recorder that compares a run with a record, line by line.

Every command, loss, metric and digest of the record is compared, bit for bit. Steps that the
record lacks cannot be compared, and are never called identical.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from tuitrain.engines.inspection import NetworkView
from tuitrain.run.group_metrics import ReadGroups
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import EndReason, JournalEntry, ScheduledCommand

from .record_format import (
    ChangedLine,
    CommandLine,
    DigestLine,
    EndLine,
    JournalLine,
    LossLine,
    MetricsLine,
    metric_value,
)
from .repetition import is_breakpoint_pause, is_motion_command, is_optional

_Line = TypeVar("_Line", CommandLine, DigestLine, EndLine)

Measurement: TypeAlias = tuple[str, int, float | None]
"""``"loss"`` or the name of a metric, the step, and the value; None if it is not finite."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference between a run and its record.

    Attributes
    ----------
    step : the step after which they differ
    what : the parameter, the loss, or the command and its outcomes
    """

    step: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a comparison.

    Attributes
    ----------
    identical_through : the step of the last digest that is equal, as is all before it; None if no
        digest was compared
    nothing_after : the step after which the record lacks data to compare; None if the whole record
        was compared
    detail : what the record lacks, in words; "" if it lacks nothing
    difference : the first difference, or None
    same_losses : the step through which losses are equal, if the record has no digest of the state
        there; else None
    """

    identical_through: int | None
    nothing_after: int | None
    detail: str
    difference: Difference | None
    same_losses: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the whole record was compared and is equal."""
        return self.difference is None and self.nothing_after is None


class RecordCheck:
    """Compares a run with a record.

    Parameters
    ----------
    journal : the lines of the journal that the run repeats, oldest first; nothing is compared after
        a `ChangedLine`
    metrics : the lines of losses and metrics, oldest first
    skip : the number of leading losses and metrics that the run does not repeat

    Attributes
    ----------
    difference : the first difference, or None
    """

    problem = ""

    def __init__(
        self, journal: Iterable[JournalLine], metrics: Iterable[MetricsLine], skip: int = 0
    ) -> None:
        lines, values = list(journal), list(flatten_metrics(metrics))
        self._changed = next((line for line in lines if isinstance(line, ChangedLine)), None)
        if self._changed is not None:  # the lines after it cannot be repeated
            del lines[lines.index(self._changed) :], values[self._changed.metrics :]
        self._end = next((line for line in reversed(lines) if isinstance(line, EndLine)), None)
        self._journal = deque(line for line in lines if not is_breakpoint_pause(line))
        self._metrics = deque(values[skip:])
        self.difference: Difference | None = None
        self._identical_through: int | None = None
        self._losses_through = 0
        self._lacking: int | None = None
        self._since_digest = False

    def is_done(self) -> bool:
        """Whether nothing is left to compare, or a difference was found."""
        nothing_left = not self._metrics and all(map(is_optional, self._journal))
        return self.difference is not None or nothing_left

    def verdict(self) -> Verdict:
        """Return the result of the comparison; call it at the end, or if `is_done`."""
        difference = self.difference
        if difference is None and not self.is_done():
            difference = Difference(self._last_step(), "the run ends here, and its record does not")
        after, detail = self._lack() if difference is None else (None, "")
        verified, losses = self._identical_through or 0, self._losses_through
        is_longer = after == verified and self._changed is None and losses > verified
        same_losses = losses if is_longer else None
        return Verdict(self._identical_through, after, detail, difference, same_losses)

    def provenance(self, get_provenance: Callable[[], Mapping[str, str]]) -> None:
        """Compare nothing: losses and digests show whether anything has changed."""

    def network(self, view: NetworkView) -> None:
        """Compare nothing: the digests name every parameter."""

    def scheduled(self, commands: Sequence[ScheduledCommand]) -> None:
        """Compare nothing: a command is compared when it is applied."""

    def command(self, entry: JournalEntry) -> None:
        """Compare a command and its outcome."""
        if entry.actor == "breakpoint":  # a pause without a user's command
            return
        line = self._next(CommandLine, entry.step)
        if line is None:
            return
        same = (line.step, line.command) == (entry.step, entry.command)
        if not same or not (line.outcome == entry.outcome or is_motion_command(line)):
            recorded = f"{line.command!r} {line.outcome}"
            self._differ(entry.step, f"{entry.command!r} {entry.outcome}, recorded: {recorded}")

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Compare the losses of the steps from ``first_step`` on."""
        for step, loss in enumerate(losses, start=first_step):
            self._compare(("loss", step, loss))

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Compare the metrics of the test set."""
        for name, value in values.items():
            self._compare((name, step, value))

    def groups(self, step: int, branch: str, read_groups: ReadGroups, last: bool = False) -> None:
        """Compare nothing: group metrics do not affect what is trained."""

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Compare digests; a difference names the first parameter that differs."""
        line = self._next(DigestLine, step)
        if line is not None:
            self._compare_digests(step, branch, digests, line)

    def ended(self, step: int, branch: str, reason: EndReason, digests: Mapping[str, str]) -> None:
        """Compare digests with those of the recorded end, if it is here."""
        del reason
        ahead = self._journal[0] if self._journal else None
        if isinstance(ahead, EndLine) and (ahead.step, ahead.branch) == (step, branch):
            line = self._next(EndLine, step)
            if line is not None:
                self._compare_digests(step, branch, digests, line)

    def checkpoint(self, name: str, get_state: Callable[[], SessionState]) -> str:
        """Save no checkpoint: the folder has checkpoints already."""
        del name, get_state
        return ""

    def _compare_digests(
        self, step: int, branch: str, digests: Mapping[str, str], line: DigestLine | EndLine
    ) -> None:
        if (line.step, line.branch) != (step, branch):
            self._differ(step, f"branch {branch}, recorded: step {line.step} of {line.branch}")
            return
        if not (digests and line.digests):  # ranks at different steps have no common digests
            return
        for name in sorted({*digests, *line.digests}):
            if digests.get(name) != line.digests.get(name):
                self._differ(step, name)
                return
        if self.difference is None and self._lacking is None:
            self._identical_through, self._since_digest = step, False

    def _compare(self, here: Measurement) -> None:
        """Compare a loss or a metric with the next one of the record."""
        if self.is_done():
            return
        if not self._metrics:
            if self._lacking is None and not all(map(is_optional, self._journal)):
                self._lacking = here[1] - 1  # the journal continues, so the metrics were lost
            return
        recorded = self._metrics.popleft()
        if here[0] == "loss" or here[1] != self._identical_through:
            self._since_digest = True  # a report of the digest's own boundary changes no state
        if recorded[:2] != here[:2] or _bits(recorded[2]) != _bits(here[2]):
            kind, step, value = recorded
            at = "" if (kind, step) == here[:2] else f"{kind} of step {step} "
            self._differ(here[1], f"{here[0]} {here[2]!r}, recorded: {at}{_shown(value)}")
        elif here[0] == "loss":
            self._losses_through = here[1]

    def _next(self, kind: type[_Line], step: int) -> _Line | None:
        """Take the journal's next line; None if there is none, or it has another kind."""
        if self.difference is not None:
            return None
        while self._journal and is_optional(self._journal[0]) and kind is not EndLine:
            self._journal.popleft()
        if not self._journal:
            return None
        line = self._journal.popleft()
        if not isinstance(line, kind):
            recorded = line.__struct_config__.tag
            self._differ(step, f"a {kind.__struct_config__.tag}, recorded: a {recorded}")
        else:
            self._since_digest = True
            return line
        return None

    def _differ(self, step: int, what: str) -> None:
        if self.difference is None:
            self.difference = Difference(step, what)

    def _last_step(self) -> int:
        return max(self._losses_through, self._identical_through or 0)

    def _lack(self) -> tuple[int | None, str]:
        """Return the step after which the record is incomplete, and what it lacks."""
        verified = self._identical_through or 0
        if self._changed is not None:
            return verified, _describe_change(self._changed)
        if self._lacking is not None:
            return min(verified, self._lacking), "the record lacks losses"
        if self._identical_through is None or self._since_digest:
            return verified, self._missing_digest()
        return None, ""

    def _missing_digest(self) -> str:
        """Return why the record has no digest of its last state, in words."""
        if not self._losses_through and self._identical_through is None:
            return "the record has no losses"
        if self._end is not None and not self._end.digests:
            return "the run was cut off in the middle of a step, whose state has no digest"
        return "the record ends without a digest, as that of a run that was killed"


def _describe_change(line: ChangedLine) -> str:
    """Say why the steps after a change are not compared, with the names of what had changed."""
    names = ", ".join(dict.fromkeys(change.partition(":")[0] for change in line.changes))
    what = f"although this had changed: {names}" if names else "with `--although-changed`"
    return f"the run was resumed at step {line.step} {what}; no later step is compared"


def flatten_metrics(metrics: Iterable[MetricsLine]) -> Iterator[Measurement]:
    """Yield losses and metrics one by one; their grouping in lines depends on viewers."""
    for line in metrics:
        if isinstance(line, LossLine):
            yield from (("loss", line.step + i, loss) for i, loss in enumerate(line.loss))
        else:
            name, value = metric_value(line)
            yield name, line.step, value


def _bits(value: float | None) -> str:
    """Return a key that two values share if they have the same bits or both are not finite."""
    return "not finite" if value is None or not math.isfinite(value) else float(value).hex()


def _shown(value: float | None) -> str:
    return "a value that is not finite" if value is None else repr(value)
