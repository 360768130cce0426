"""Running a recorded run again, to see that it comes out the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from tuitrain.run.courses import Take
from tuitrain.run.folder import HEADER, SCHEMA, Header, read_header, read_journal
from tuitrain.run.record_format import CommandLine, DigestLine, JournalLine
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import JournalEntry
from tuitrain.run.telling import Tell

from .load import checked
from .record import asked_in, comes_again, of_breakpoint
from .replay import replay
from .schema import Scenario

_Line = TypeVar("_Line", CommandLine, DigestLine)


def header_of(scenario: Scenario) -> Header:
    """Return what a run folder says of a scenario that is about to be run."""
    from tuitrain.engines.embedded.environment import environment

    return Header(SCHEMA, msgspec.to_builtins(scenario), environment())


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing in which a run was not the same again.

    Attributes
    ----------
    step : the step after which it was found
    what : a parameter, or a command and its outcomes
    """

    step: int
    what: str


class Comparison:
    """A recorder that compares what happens with a journal, line by line.

    Attributes
    ----------
    step : the step of the last line that was the same
    difference : the first line that was not, or None
    """

    problem = ""

    def __init__(self, lines: Sequence[JournalLine]) -> None:
        self._left = list(lines)[::-1]
        self.step = 0
        self.difference: Difference | None = None

    def over(self) -> bool:
        """Whether there is nothing left to compare, or no use in it."""
        return self.difference is not None or not self._left

    def command(self, entry: JournalEntry) -> None:
        """Compare a command and its outcome."""
        if entry.actor == "breakpoint":  # a pause, which nobody has asked for
            return
        line = self._next(CommandLine, entry.step)
        if line is None:
            return
        if (line.step, line.command, line.outcome) != (entry.step, entry.command, entry.outcome):
            recorded = f"{line.command!r} {line.outcome}"
            self._differ(entry.step, f"{entry.command!r} {entry.outcome}, recorded: {recorded}")

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Compare digests, and find the first parameter that differs."""
        line = self._next(DigestLine, step)
        if line is None:
            return
        if (line.step, line.branch) != (step, branch):
            self._differ(step, f"branch {branch}, recorded: step {line.step} of {line.branch}")
        for name in sorted({*digests, *line.digests}):
            if digests.get(name) != line.digests.get(name):
                self._differ(step, name)
                break

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Take no notice: the digests say more."""

    def accuracy(self, step: int, accuracy: float) -> None:
        """Take no notice."""

    def groups(self, step: int, branch: str, take: Take, last: bool = False) -> None:
        """Take no notice: which steps were looked at is no part of what was trained."""

    def checkpoint(self, name: str, take: Callable[[], SessionState]) -> str:
        """Keep none: the folder has its own."""
        del name, take
        return ""

    def _next(self, kind: type[_Line], step: int) -> _Line | None:
        """Take the journal's next line; None if there is none or it differs in kind."""
        if self.over():
            return None
        line = self._left.pop()
        if not isinstance(line, kind):
            recorded = line.__struct_config__.tag
            self._differ(step, f"a {kind.__struct_config__.tag}, recorded: a {recorded}")
            return None
        self.step = step
        return line

    def _differ(self, step: int, what: str) -> None:
        if self.difference is None:
            self.difference = Difference(step, what)


def compare(
    folder: Path, tell: Tell, progress: Callable[[int], None]
) -> tuple[Comparison, list[str]]:
    """Run a recorded run again, up to the end of its record.

    Returns
    -------
    What came of the comparison, and in what the environments differ, in words.

    Raises
    ------
    TuitrainError : the folder holds no run, or it cannot be read or built
    """
    header, scenario = scenario_of(folder)
    lines = [each for each in read_journal(folder) if comes_again(each)]
    comparison = Comparison([each for each in lines if not of_breakpoint(each)])
    asked = list(asked_in(lines))
    events = replay(scenario, str(folder), tell, progress, comparison, asked, comparison.over)
    deque(events, maxlen=0)
    return comparison, different_environments(header.environment)


def scenario_of(folder: Path) -> tuple[Header, Scenario]:
    """Read what was run in a folder.

    Raises
    ------
    TuitrainError : the folder holds no run, or its header cannot be read
    """
    header = read_header(folder)
    return header, checked(header.scenario, f"{folder / HEADER}: the scenario")


def different_environments(recorded: Mapping[str, str]) -> list[str]:
    """Say in what this environment is not the recorded one."""
    from tuitrain.engines.embedded.environment import environment

    here = environment()
    return [
        f"{name}: {here.get(name, 'none')} here, {recorded.get(name, 'none')} recorded"
        for name in sorted({*here, *recorded})
        if here.get(name) != recorded.get(name)
    ]
