"""The branches of a journal: its commands applied to a branch tree, without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tuitrain.commands import (
    AddBreakpoint,
    AddRule,
    Branch,
    Checkpoint,
    Pause,
    Redo,
    RemoveBreakpoint,
    RemoveRule,
    Resume,
    Rewind,
    RewindBy,
    RewindToCheckpoint,
    SetPace,
    Step,
    Stop,
    TryLr,
    Undo,
    parse,
    to_text,
)
from tuitrain.errors import CommandError
from tuitrain.run.history.branch_tree import BranchTree, first_difference

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision of a recorded run.

    Attributes
    ----------
    order : the number of commands applied before it
    why : the reason that was given for it, or ""
    """

    step: int
    command: str
    order: int
    why: str = ""


@dataclass(slots=True)
class BranchReplay:
    """Applies the commands of a journal to a branch tree.

    Attributes
    ----------
    tree : the branches after the last command
    step : the run's step after the last command
    fork : the step up to which the current branch equals the branch left for it
    stopped_at : the step at which the current branch was stopped, or None
    """

    tree: BranchTree[RecordedDecision] = BranchTree()  # noqa: RUF009 - immutable
    step: int = 0
    fork: int = 0
    stopped_at: int | None = None
    _applied: int = 0
    _checkpoints: dict[str, tuple[int, tuple[RecordedDecision, ...]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the current branch."""
        return self.tree.current.name

    @property
    def decisions(self) -> tuple[RecordedDecision, ...]:
        """The decisions on the current branch, oldest first."""
        return self.tree.current.decisions

    def replay(self, step: int, text: str, why: str = "") -> None:
        """Apply one command of the journal, which was applied at ``step`` for a reason.

        Raises
        ------
        CommandError : it cannot be read, or returns to a place that is not in the journal
        """
        self.stopped_at, self.step = None, step
        match parse(text):
            case Rewind(step=target):
                self._move_to(self.tree.rewind(target, step), target)
            case RewindBy(count=count):
                target = max(0, step - count)
                self._move_to(self.tree.rewind(target, step), target)
            case RewindToCheckpoint(name=name):
                target, decisions = _entry(self._checkpoints, name, step, text, "checkpoint")
                self._move_to(self.tree.return_to(target, decisions, step), target)
            case Checkpoint(name=name):
                self._checkpoints[name] = step, self.decisions
            case Undo():
                self._check(self.decisions, f"step {step}: {text!r}: nothing had been decided")
                self._move_to(self.tree.undo(step), step)
            case Redo():
                self._check(self.tree.undone, f"step {step}: {text!r}: nothing had been undone")
                self._move_to(self.tree.redo(step), step)
            case Branch(name=name):
                tip = _entry(self.tree.left, name, step, text, "branch").tip
                self._move_to(self.tree.switch(name, step), tip)
            case TryLr() as command:
                self._explore(command, step, why)
            case Stop():
                self.stopped_at = step
            case Pause() | Resume() | Step() | SetPace() | AddBreakpoint() | RemoveBreakpoint():
                pass
            case AddRule() | RemoveRule():
                pass
            case _:
                self.tree = self.tree.decide(RecordedDecision(step, text, self._applied, why))
        self._applied += 1

    @staticmethod
    def _check(entries: Sequence[object], problem: str) -> None:
        if not entries:
            raise CommandError(problem)

    def _explore(self, command: TryLr, step: int, why: str) -> None:
        for candidate in command.candidates():
            decision = RecordedDecision(step, to_text(candidate), self._applied, why)
            self.tree = self.tree.explore(decision, command.steps, step)

    def _move_to(self, tree: BranchTree[RecordedDecision], target: int) -> None:
        apart = first_difference(self.decisions, tree.current.decisions)
        self.fork = min(self.step, target) if apart is None else min(self.step, target, apart)
        self.tree, self.step = tree, target


def _entry(entries: Mapping[str, _Value], name: str, step: int, text: str, kind: str) -> _Value:
    """Return an entry by name.

    Raises
    ------
    CommandError : there is none; names the step, the command and the existing entries
    """
    if name not in entries:
        known = f"there were {', '.join(entries)}" if entries else "there was none"
        raise CommandError(f"step {step}: {text!r}: no {kind} {name!r}; {known}")
    return entries[name]
