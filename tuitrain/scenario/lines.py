"""The lines of history that a journal tells of, without training anything again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from tuitrain.commands import (
    Branch,
    BreakOff,
    BreakWhen,
    Checkpoint,
    Pause,
    Redo,
    Resume,
    Rewind,
    RewindTo,
    Step,
    Stop,
    TryLr,
    Undo,
    parse,
    to_text,
)


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was decided.

    Attributes
    ----------
    order : how many commands had been followed before it
    """

    step: int
    command: str
    order: int


@dataclass(slots=True)
class Lines:
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
    current: list[Done] = field(default_factory=list)
    step: int = 0
    fork: int = 0
    stopped_at: int | None = None
    _followed: int = 0
    _left: dict[str, list[Done]] = field(default_factory=dict)
    _tips: dict[str, int] = field(default_factory=dict)
    _undone: list[str] = field(default_factory=list)
    _marks: dict[str, tuple[int, list[Done]]] = field(default_factory=dict)
    _made: int = 0

    def follow(self, step: int, text: str) -> None:
        """Take in one command that was applied at ``step``.

        Raises
        ------
        CommandError : it cannot be read
        KeyError, IndexError : it goes back to what the journal does not tell of
        """
        self.stopped_at, self.step = None, step
        match parse(text):
            case Rewind(step=target):
                self._fork([each for each in self.current if each.step < target], target)
            case RewindTo(name=name):
                target, decided = self._marks[name]
                self._fork(list(decided), target)
            case Checkpoint(name=name):
                self._marks[name] = step, list(self.current)
            case Undo():
                self._undone.append(self.name)
                self._fork(self.current[:-1], step)
            case Redo():
                self._take_up(self._undone.pop(), step)
            case Branch(name=name):
                self._take_up(name, self._tips[name])
            case TryLr() as command:
                for candidate in command.candidates():
                    self._try(step, to_text(candidate), command.steps)
            case Stop():
                self.stopped_at = step
            case Pause() | Resume() | Step() | BreakWhen() | BreakOff():
                pass
            case _:
                self.current.append(Done(step, text, self._followed))
        self._followed += 1

    def _try(self, step: int, text: str, steps: int) -> None:
        self._made += 1
        name = f"b{self._made}"
        self._left[name] = [*self.current, Done(step, text, self._followed)]
        self._tips[name] = step + steps

    def _fork(self, decisions: list[Done], target: int) -> None:
        self._made += 1
        self._stand_on(f"b{self._made}", decisions, target)

    def _take_up(self, name: str, target: int) -> None:
        self._stand_on(name, self._left.pop(name), target)

    def _stand_on(self, name: str, decisions: list[Done], target: int) -> None:
        self._left[self.name], self._tips[self.name] = self.current, self.step
        self.fork = min(self.step, target, *_apart(self.current, decisions))
        self.name, self.current, self.step = name, decisions, target


def _apart(one: Sequence[Done], other: Sequence[Done]) -> list[int]:
    """Return the first steps from which two lines' decisions differ; none if they are the same."""
    pairs = zip_longest(one, other)
    return [min(each.step for each in pair if each) for pair in pairs if pair[0] != pair[1]]
