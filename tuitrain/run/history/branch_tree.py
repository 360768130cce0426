"""The tree of a run's branches: the current one, those left, and where they fork.

A pure value: each operation returns a new tree. The caller keeps engine, curves and files.
A branch is determined by its decisions, so going back makes a branch with fewer of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Generic, Protocol, TypeVar


class Decided(Protocol):
    """A decision at the boundary before step ``step``."""

    @property
    def step(self) -> int:
        """Steps taken before it."""
        ...


D = TypeVar("D", bound=Decided)


@dataclass(frozen=True, slots=True)
class BranchNode(Generic[D]):
    """A branch, from the first step of the run to its tip.

    Attributes
    ----------
    name : ``main``, then ``b1``, ``b2``, …
    fork : the step up to which it equals its parent
    decisions : all decisions on it, oldest first
    tip : the step at which the run left it; 0 if it has not left it yet
    parent : the branch that it forked from; "" for the first
    """

    name: str
    fork: int = 0
    decisions: tuple[D, ...] = ()
    tip: int = 0
    parent: str = ""


@dataclass(frozen=True, slots=True)
class BranchTree(Generic[D]):
    """All branches of a run.

    In every method, ``at`` is the number of steps taken on the current branch.

    Attributes
    ----------
    current : the branch that the run is on
    left : the branches that it has left, by name, oldest first
    undone : the names of the branches that `redo` returns to, the next one last
    made : the number of branches made after the first, from which the next one gets its name
    """

    current: BranchNode[D] = field(default_factory=lambda: BranchNode("main"))
    left: Mapping[str, BranchNode[D]] = field(default_factory=dict[str, BranchNode[D]])
    undone: tuple[str, ...] = ()
    made: int = 0

    def decide(self, decision: D) -> BranchTree[D]:
        """Add a decision to the current branch."""
        decisions = (*self.current.decisions, decision)
        return replace(self, current=replace(self.current, decisions=decisions), undone=())

    def rewind(self, step: int, at: int) -> BranchTree[D]:
        """Fork at the boundary before ``step``; decisions from there on are left behind."""
        kept = tuple(decision for decision in self.current.decisions if decision.step < step)
        return replace(self._fork(kept, step, at), undone=())

    def return_to(self, step: int, decisions: Sequence[D], at: int) -> BranchTree[D]:
        """Fork to the boundary at ``step`` with these decisions, which some branch has there."""
        apart = first_difference(self.current.decisions, decisions)
        fork = min(step, at) if apart is None else min(step, at, apart)
        return replace(self._fork(tuple(decisions), fork, at), undone=())

    def undo(self, at: int) -> BranchTree[D]:
        """Fork at the last decision, without it.

        Raises
        ------
        LookupError : nothing was decided on the current branch
        """
        *kept, last = self._decisions_to_undo()
        tree = self._fork(tuple(kept), last.step, at)
        return replace(tree, undone=(*self.undone, self.current.name))

    def redo(self, at: int) -> BranchTree[D]:
        """Return to the branch that the last undo left.

        Raises
        ------
        LookupError : nothing was undone, or a decision was made since
        """
        if not self.undone:
            raise LookupError("nothing was undone")
        return replace(self._return(self.undone[-1], at), undone=self.undone[:-1])

    def switch(self, name: str, at: int) -> BranchTree[D]:
        """Return to a branch that was left.

        Raises
        ------
        LookupError : the run has left no branch of this name
        """
        return replace(self._return(name, at), undone=())

    def explore(self, decision: D, steps: int, at: int) -> BranchTree[D]:
        """Add a branch that was tried for some steps from here; the current branch stays."""
        name = _branch_name(self.made + 1)
        decisions = (*self.current.decisions, decision)
        tried = BranchNode(name, at, decisions, at + steps, self.current.name)
        return replace(self, left={**self.left, name: tried}, made=self.made + 1)

    @property
    def explored(self) -> BranchNode[D]:
        """The branch that the last `explore` added."""
        return self.left[_branch_name(self.made)]

    def _fork(self, decisions: tuple[D, ...], fork: int, at: int) -> BranchTree[D]:
        left = self._with_current_left(at)
        fresh = BranchNode(_branch_name(self.made + 1), fork, decisions, 0, self._owner_of(fork))
        return replace(self, current=fresh, left=left, made=self.made + 1)

    def _return(self, name: str, at: int) -> BranchTree[D]:
        left = self._with_current_left(at)
        return replace(self, current=left.pop(name), left=left)

    def _with_current_left(self, at: int) -> dict[str, BranchNode[D]]:
        return {**self.left, self.current.name: replace(self.current, tip=at)}

    def _owner_of(self, step: int) -> str:
        """Return the branch that took this step first; it may be an ancestor of the current one."""
        branch = self.current
        while step <= branch.fork and branch.parent in self.left:
            branch = self.left[branch.parent]
        return branch.name

    def _decisions_to_undo(self) -> tuple[D, ...]:
        if not self.current.decisions:
            raise LookupError("nothing was decided")
        return self.current.decisions


def _branch_name(number: int) -> str:
    """Return the name of a branch by its number; the first branch, ``main``, has none."""
    return f"b{number}"


def first_difference(one: Sequence[D], other: Sequence[D]) -> int | None:
    """Return the first step from which two branches' decisions differ, or None."""
    pairs = zip_longest(one, other)
    steps = (
        min(decision.step for decision in pair if decision) for pair in pairs if pair[0] != pair[1]
    )
    return min(steps, default=None)
