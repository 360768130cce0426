"""The branch tree, compared with a naive model that trains every step of every branch."""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tuitrain.run.history.branch_tree import BranchTree, first_difference


class Choice(NamedTuple):
    """A decision of the test's own."""

    step: int
    number: int


class Past:
    """A branch of the model: its decisions, and what each of its steps was trained as."""

    def __init__(self, decisions: list[Choice], trained: list[int]) -> None:
        self.decisions = decisions
        self.trained = trained


class BranchTrees(RuleBasedStateMachine):
    """Applies commands to a tree and to a model; a step that is trained again is another one."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count()
        self.tree: BranchTree[Choice] = BranchTree()
        self.pasts = {"main": Past([], [])}
        self.here = "main"
        self.undone: list[str] = []
        self.kept: list[tuple[int, list[Choice]]] = []

    @property
    def past(self) -> Past:
        return self.pasts[self.here]

    @property
    def step(self) -> int:
        return len(self.past.trained)

    def train_to(self, step: int) -> None:
        while self.step < step:
            self.past.trained.append(next(self.numbers))

    def go_back(self, decisions: list[Choice], shared: int, step: int) -> None:
        name = f"b{len(self.pasts)}"
        self.pasts[name] = Past(decisions, self.past.trained[:shared])
        self.here = name
        self.train_to(step)

    @rule(steps=st.integers(1, 5))
    def train(self, steps):
        self.train_to(self.step + steps)

    @rule()
    def decide(self):
        choice = Choice(self.step, next(self.numbers))
        self.past.decisions.append(choice)
        self.undone = []
        self.tree = self.tree.decide(choice)

    @rule(data=st.data())
    def rewind(self, data):
        step = data.draw(st.integers(0, self.step))
        self.tree = self.tree.rewind(step, self.step)
        self.undone = []
        self.go_back([item for item in self.past.decisions if item.step < step], step, step)

    @rule()
    def keep(self):
        self.kept.append((self.step, list(self.past.decisions)))

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def return_to_what_was_kept(self, data):
        step, decisions = data.draw(st.sampled_from(self.kept))
        self.tree = self.tree.return_to(step, decisions, self.step)
        self.undone = []
        shared = min(step, self.step)
        while [item for item in self.past.decisions if item.step < shared] != [
            item for item in decisions if item.step < shared
        ]:
            shared -= 1
        self.go_back(list(decisions), shared, step)

    @precondition(lambda self: self.past.decisions)
    @rule()
    def undo(self):
        *rest, last = self.past.decisions
        step = self.step
        self.tree = self.tree.undo(step)
        self.undone.append(self.here)
        self.go_back(rest, last.step, step)

    @precondition(lambda self: self.undone)
    @rule()
    def redo(self):
        step = self.step
        self.tree = self.tree.redo(step)
        self.here = self.undone.pop()
        del self.past.trained[step:]
        self.train_to(step)

    @precondition(lambda self: len(self.pasts) > 1)
    @rule(data=st.data())
    def switch(self, data):
        name = data.draw(st.sampled_from([item for item in self.pasts if item != self.here]))
        self.tree = self.tree.switch(name, self.step)
        self.undone = []
        self.here = name

    @rule(steps=st.integers(1, 5))
    def explore(self, steps):
        choice = Choice(self.step, next(self.numbers))
        self.tree = self.tree.explore(choice, steps, self.step)
        trained = [*self.past.trained, *(next(self.numbers) for _ in range(steps))]
        self.pasts[f"b{len(self.pasts)}"] = Past([*self.past.decisions, choice], trained)

    @invariant()
    def the_run_is_where_the_model_is(self):
        assert self.tree.current.name == self.here
        assert self.tree.left.keys() == self.pasts.keys() - {self.here}
        assert list(self.tree.undone) == self.undone
        assert self.tree.made == len(self.pasts) - 1

    @invariant()
    def branches_have_the_decisions_and_tips_of_the_model(self):
        assert list(self.tree.current.decisions) == self.past.decisions
        for name, node in self.tree.left.items():
            assert list(node.decisions) == self.pasts[name].decisions
            assert node.tip == len(self.pasts[name].trained)

    @invariant()
    def a_branch_has_its_steps_up_to_its_fork_from_its_parent(self):
        for node in (self.tree.current, *self.tree.left.values()):
            trained = self.pasts[node.name].trained
            if node.parent:
                parent = self.pasts[node.parent].trained
                shared = min(node.fork, len(trained), len(parent))
                assert trained[:shared] == parent[:shared]


BranchTrees.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestBranchTrees = BranchTrees.TestCase


def test_a_fork_before_its_branch_belongs_to_the_branch_that_took_the_step():
    tree: BranchTree[Choice] = BranchTree()
    tree = tree.rewind(50, at=80).rewind(20, at=70)
    assert (tree.current.name, tree.current.parent, tree.current.fork) == ("b2", "main", 20)
    assert tree.left["b1"].parent == "main"


@pytest.mark.parametrize("operation", ["undo", "redo"])
def test_a_new_tree_has_nothing_to_undo(operation):
    with pytest.raises(LookupError):
        getattr(BranchTree(), operation)(at=5)


def test_a_branch_that_was_not_left_cannot_be_returned_to():
    with pytest.raises(LookupError):
        BranchTree().switch("b7", at=5)


def test_the_operations_change_no_tree():
    first: BranchTree[Choice] = BranchTree()
    decided = first.decide(Choice(3, 1))
    decided.rewind(0, at=9)
    decided.explore(Choice(9, 2), 5, at=9)
    assert first == BranchTree()
    assert decided.left == {}


def test_first_difference_is_the_first_step_with_different_decisions():
    one, two, three = Choice(3, 1), Choice(5, 2), Choice(4, 3)
    assert first_difference([one, two], [one, two]) is None
    assert first_difference([one, two], [one, three]) == 4
    assert first_difference([one], [one, two]) == 5
