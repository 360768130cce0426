"""The lines of history that a journal tells of, without training anything again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeVar

from tuitrain.commands import (
    AddBreakpoint,
    Branch,
    Checkpoint,
    Pause,
    Redo,
    RemoveBreakpoint,
    Resume,
    Rewind,
    RewindToCheckpoint,
    Step,
    Stop,
    TryLr,
    Undo,
    parse,
    to_text,
)
from tuitrain.errors import CommandError, join_or

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """Something that was decided.

    Attributes
    ----------
    order : how many commands had been followed before it
    """

    step: int
    command: str
    order: int


@dataclass(slots=True)
class BranchReplay:
    """Follows the commands of a journal.

    Attributes
    ----------
    name : the line that the journal has come to
    current : what was decided on that line, in order
    step : where the run stands after the last command
    fork : up to which step that line is the one that was left for it
    stopped_at : the step at which that line was stopped, or None
    """

    name: str = "main"
    decisions: list[RecordedDecision] = field(default_factory=list)
    step: int = 0
    fork: int = 0
    stopped_at: int | None = None
    _followed: int = 0
    _left: dict[str, list[RecordedDecision]] = field(default_factory=dict)
    _tips: dict[str, int] = field(default_factory=dict)
    _undone: list[str] = field(default_factory=list)
    _marks: dict[str, tuple[int, list[RecordedDecision]]] = field(default_factory=dict)
    _made: int = 0

    def replay(self, step: int, text: str) -> None:
        """Take in one command that was applied at ``step``.

        Raises
        ------
        CommandError : it cannot be read, or goes back to what the journal does not tell of
        """
        self.stopped_at, self.step = None, step
        match parse(text):
            case Rewind(step=target):
                self._fork([each for each in self.decisions if each.step < target], target)
            case RewindToCheckpoint(name=name):
                target, decided = _entry(self._marks, name, step, text, "checkpoint")
                self._fork(list(decided), target)
            case Checkpoint(name=name):
                self._marks[name] = step, list(self.decisions)
            case Undo():
                self._undone.append(self.name)
                self._fork(self.decisions[:-1], step)
            case Redo():
                if not self._undone:
                    raise CommandError(f"step {step}: {text!r}: nothing had been undone")
                self._take_up(self._undone.pop(), step)
            case Branch(name=name):
                _entry(self._left, name, step, text, "branch")
                self._take_up(name, self._tips[name])
            case TryLr() as command:
                for candidate in command.candidates():
                    self._try(step, to_text(candidate), command.steps)
            case Stop():
                self.stopped_at = step
            case Pause() | Resume() | Step() | AddBreakpoint() | RemoveBreakpoint():
                pass
            case _:
                self.decisions.append(RecordedDecision(step, text, self._followed))
        self._followed += 1

    def _try(self, step: int, text: str, steps: int) -> None:
        self._made += 1
        name = f"b{self._made}"
        self._left[name] = [*self.decisions, RecordedDecision(step, text, self._followed)]
        self._tips[name] = step + steps

    def _fork(self, decisions: list[RecordedDecision], target: int) -> None:
        self._made += 1
        self._stand_on(f"b{self._made}", decisions, target)

    def _take_up(self, name: str, target: int) -> None:
        self._stand_on(name, self._left.pop(name), target)

    def _stand_on(self, name: str, decisions: list[RecordedDecision], target: int) -> None:
        self._left[self.name], self._tips[self.name] = self.decisions, self.step
        self.fork = min(self.step, target, *_apart(self.decisions, decisions))
        self.name, self.decisions, self.step = name, decisions, target


def _entry(entries: Mapping[str, _Entry], name: str, step: int, text: str, kind: str) -> _Entry:
    """Return an entry by name.

    Raises
    ------
    CommandError : there is none; names the step, the command and the entries that there are
    """
    if name not in entries:
        known = f"there were {join_or(entries)}" if entries else "there was none"
        raise CommandError(f"step {step}: {text!r}: no {kind} {name!r}; {known}")
    return entries[name]


def _apart(one: Sequence[RecordedDecision], other: Sequence[RecordedDecision]) -> list[int]:
    """Return the first steps from which two lines' decisions differ; none if they are the same."""
    pairs = zip_longest(one, other)
    return [min(each.step for each in pair if each) for pair in pairs if pair[0] != pair[1]]
