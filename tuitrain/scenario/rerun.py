"""Running a recorded run again: to see that it comes out the same, or to go on where it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tuitrain.commands import parse
from tuitrain.errors import CommandError, ScenarioError
from tuitrain.run.folder import JOURNAL, Header, RunFolder, read_header, read_journal
from tuitrain.run.recorder import NO_RECORD, Recorder
from tuitrain.run.snapshot import Actor, JournalEntry

from .build import Tell
from .events import Event
from .replay import Asked, replay
from .schema import Scenario

SCHEMA = 1


_NO_TRAINING = ("pause", "resume", "step", "stop", "break", "preview")
"""What changes when a run stands still, and nothing that it trains."""


class _Line(msgspec.Struct, frozen=True):
    """A command, as the journal has it."""

    step: int
    command: str
    actor: Actor


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
        if entry.actor == "breakpoint":  # a pause, which is not followed
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


class GoingOn:
    """A recorder that passes over what a folder holds already, and writes down what follows.

    Parameters
    ----------
    lines : how many lines of the journal there are
    folder : where what follows goes
    """

    def __init__(self, lines: int, folder: RunFolder) -> None:
        self._known = lines
        self._folder = folder

    @property
    def problem(self) -> str:
        """Why nothing more is recorded, or ""."""
        return self._folder.problem

    def _recorder(self, journal_line: bool = False) -> Recorder:
        if not self._known:
            return self._folder
        self._known -= journal_line
        return NO_RECORD

    def command(self, entry: JournalEntry) -> None:
        """Write a command down, if it is new."""
        if self._known and entry.actor == "breakpoint":
            return
        self._recorder(journal_line=True).command(entry)

    def losses(self, first_step: int, losses: Sequence[float]) -> None:
        """Write losses down, if they are new."""
        self._recorder().losses(first_step, losses)

    def accuracy(self, step: int, accuracy: float) -> None:
        """Write an accuracy down, if it is new."""
        self._recorder().accuracy(step, accuracy)

    def digest(self, step: int, branch: str, digests: Mapping[str, str]) -> None:
        """Write digests down, if they are new."""
        self._recorder(journal_line=True).digest(step, branch, digests)


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
    header, scenario = _scenario(folder)
    records = _lines(folder)
    comparison = Comparison(records)
    asked = list(_asked(folder, records))
    events = replay(scenario, str(folder), tell, progress, comparison, asked, comparison.over)
    deque(events, maxlen=0)
    return comparison, _environments(header)


def resume(
    folder: Path, files: ExitStack, tell: Tell, progress: Callable[[int], None]
) -> Iterator[Event]:
    """Go on with a recorded run to its end, however it was ended, and give what happens.

    What the record holds is trained again first; it comes out the same, or the run would not be.

    Raises
    ------
    TuitrainError : the folder holds no run, or it cannot be read, written or built
    """
    header, scenario = _scenario(folder)
    records = _lines(folder)
    recorder = GoingOn(len(records), RunFolder(folder, header, files, again=True))
    asked = list(_asked(folder, records))
    return replay(scenario, str(folder), tell, progress, recorder, asked)


def _scenario(folder: Path) -> tuple[Header, Scenario]:
    header = read_header(folder)
    try:
        return header, msgspec.convert(header.scenario, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{folder}: the header's scenario: {error}") from None


def _lines(folder: Path) -> list[dict[str, Any]]:
    """Return those lines of the journal that come again when it is followed.

    What somebody asked comes again if it changed the training. A pause did not, and neither did
    what was refused: perhaps because the run had been stopped, which it is no longer.
    """
    return [each for each in read_journal(folder) if _comes_again(each)]


def _comes_again(record: Mapping[str, Any]) -> bool:
    if record.get("event") != "command" or record.get("actor") == "scenario":
        return True
    verb = str(record.get("command")).partition(" ")[0]
    return record.get("outcome") == "applied" and verb not in _NO_TRAINING


def _asked(folder: Path, records: Sequence[Mapping[str, Any]]) -> Iterator[Asked]:
    for record in records:
        if record.get("event") == "command" and record.get("actor") != "scenario":
            try:
                line = msgspec.convert(record, _Line)
                yield Asked(line.step, parse(line.command), line.actor)
            except (CommandError, msgspec.ValidationError) as error:
                raise ScenarioError(f"{folder / JOURNAL}: {error}: {record!r:.80}") from None


def _environments(header: Header) -> list[str]:
    from tuitrain.engines.embedded.environment import environment

    here = environment()
    return [
        f"{name}: {here.get(name, 'none')} here, {header.environment.get(name, 'none')} recorded"
        for name in sorted({*here, *header.environment})
        if here.get(name) != header.environment.get(name)
    ]
