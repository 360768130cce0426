"""Metric histories: bounded, always over the whole branch, and one for each branch."""

from __future__ import annotations

import numpy as np

from tests.app.fake import group
from tuitrain.run.history.branch import Branch
from tuitrain.run.history.branch_tree import BranchNode
from tuitrain.run.history.metric_history import MAX_POINTS, MetricHistory


def add(
    history: MetricHistory,
    branch: Branch,
    step: int,
    ratio: float = 0.1,
    others: tuple[str, ...] = (),
):
    return history.add(step, branch, others, (group("conv", ("conv",), update_ratio=ratio),))[0]


def test_metrics_are_stored_by_step():
    history, branch = MetricHistory(), Branch(BranchNode("main"))
    for step in (0, 7, 7, 20):
        view = add(history, branch, step, ratio=step / 10)
    assert view.grad_norm.steps.tolist() == [0, 7, 20]
    assert view.update_ratio.values.tolist() == [0, 0.7, 2]
    assert view.grad_norm.values.tolist() == [0.43] * 3
    assert not view.grad_norm.values.flags.writeable
    assert not len(view.lr)


def test_a_long_history_is_thinned_and_covers_all_steps():
    history, branch = MetricHistory(), Branch(BranchNode("main"))
    first = add(history, branch, 0)
    for step in range(1, 10 * MAX_POINTS):
        view = add(history, branch, step)
    steps = view.grad_norm.steps
    assert len(steps) <= MAX_POINTS
    assert (steps[0], steps[-1]) == (0, 10 * MAX_POINTS - 1)
    assert np.diff(steps).max() <= 3 * 10 * MAX_POINTS / (MAX_POINTS / 2)
    assert first.grad_norm.steps.tolist() == [0]


def test_a_branch_begins_with_the_shared_part_and_another_can_be_returned_to():
    history, main, other = (
        MetricHistory(),
        Branch(BranchNode("main")),
        Branch(BranchNode("b1", fork=10)),
    )
    for step in (0, 10, 20, 30):
        add(history, main, step)
    assert add(history, other, 15, others=("main",)).grad_norm.steps.tolist() == [0, 10, 15]
    assert add(history, main, 30, others=("b1",)).grad_norm.steps.tolist() == [0, 10, 20, 30]
    assert add(history, other, 15, others=("main",)).grad_norm.steps.tolist() == [0, 10, 15]


def test_a_branch_that_cannot_be_returned_to_is_forgotten():
    history = MetricHistory()
    add(history, Branch(BranchNode("main")), 10)
    add(history, Branch(BranchNode("b1", fork=10)), 12)
    assert add(history, Branch(BranchNode("main")), 14).grad_norm.steps.tolist() == [14]
