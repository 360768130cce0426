"""Running a recorded run again, to see that it comes out the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tuitrain.errors import ScenarioError
from tuitrain.run.courses import Take
from tuitrain.run.folder import SCHEMA, Header, read_header, read_journal
from tuitrain.run.session_state import SessionState
from tuitrain.run.snapshot import JournalEntry
from tuitrain.run.telling import Tell

from .record import asked_in, comes_again
from .replay import replay
from .schema import Scenario


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

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._left = list(records)[::-1]
        self.step = 0
        self.difference: Difference | None = None

    def over(self) -> bool:
        """Whether there is nothing left to compare, or no use in it."""
        return self.difference is not None or not self._left

    def command(self, entry: JournalEntry) -> None:
        """Compare a command and its outcome."""
        if entry.actor == "breakpoint":  # a pause, which nobody has asked for
            return
        mine = (entry.step, entry.command, entry.outcome)
        theirs = self._next("command", entry.step, "step", "command", "outcome")
        if theirs is not None and theirs != mine:
            self._differ(entry.step, f"{mine[1]!r} {mine[2]}, recorded: {theirs[1]!r} {theirs[2]}")

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Compare digests, and find the first parameter that differs."""
        theirs = self._next("digest", step, "step", "branch", "digests")
        if theirs is None:
            return
        if theirs[:2] != (step, branch):
            self._differ(step, f"branch {branch}, recorded: step {theirs[0]} of {theirs[1]}")
        for name in sorted({*digests, *theirs[2]}):
            if digests.get(name) != theirs[2].get(name):
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

    def _next(self, event: str, step: int, *keys: str) -> tuple[Any, ...] | None:
        """Take the journal's next line; None if there is none or it differs in kind."""
        if self.over():
            return None
        record = self._left.pop()
        if record.get("event") != event:
            self._differ(step, f"a {event}, recorded: a {record.get('event')}")
            return None
        self.step = step
        return tuple(record.get(key) for key in keys)

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
    records = [each for each in read_journal(folder) if comes_again(each)]
    comparison = Comparison([each for each in records if each.get("actor") != "breakpoint"])
    asked = list(asked_in(folder, records))
    events = replay(
        scenario, str(folder), tell, progress, comparison, asked, comparison.over, rehearsed=False
    )
    deque(events, maxlen=0)
    return comparison, different_environments(header.environment)


def scenario_of(folder: Path) -> tuple[Header, Scenario]:
    """Read what was run in a folder.

    Raises
    ------
    TuitrainError : the folder holds no run, or its header cannot be read
    """
    header = read_header(folder)
    try:
        return header, msgspec.convert(header.scenario, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{folder}: the header's scenario: {error}") from None


def different_environments(recorded: Mapping[str, str]) -> list[str]:
    """Say in what this environment is not the recorded one."""
    from tuitrain.engines.embedded.environment import environment

    here = environment()
    return [
        f"{name}: {here.get(name, 'none')} here, {recorded.get(name, 'none')} recorded"
        for name in sorted({*here, *recorded})
        if here.get(name) != recorded.get(name)
    ]
