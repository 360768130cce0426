"""Traces: bounded, always over the whole line, and each line with its own."""

from __future__ import annotations

import numpy as np

from tests.app.fake import group
from tuitrain.run.history.branch import Branch
from tuitrain.run.history.metric_history import MAX_POINTS, MetricHistory


def seen(
    traces: MetricHistory, line: Branch, step: int, lr: float = 0.1, left: tuple[str, ...] = ()
):
    return traces.add(step, line, left, (group("conv", ("conv",), lr=lr),))[0]


def test_what_was_seen_is_kept_by_step():
    traces, line = MetricHistory(), Branch("main")
    for step in (0, 7, 7, 20):
        trace = seen(traces, line, step, lr=step / 10)
    assert trace.lr.steps.tolist() == [0, 7, 20]
    assert trace.lr.values.tolist() == [0, 0.7, 2]
    assert trace.grad_norm.values.tolist() == [0.43] * 3
    assert not trace.lr.values.flags.writeable


def test_a_long_run_is_thinned_and_stays_whole():
    traces, line = MetricHistory(), Branch("main")
    first = seen(traces, line, 0)
    for step in range(1, 10 * MAX_POINTS):
        trace = seen(traces, line, step)
    steps = trace.lr.steps
    assert len(steps) <= MAX_POINTS
    assert (steps[0], steps[-1]) == (0, 10 * MAX_POINTS - 1)
    assert np.diff(steps).max() <= 3 * 10 * MAX_POINTS / (MAX_POINTS / 2)
    assert first.lr.steps.tolist() == [0]


def test_a_line_begins_with_what_it_shares_and_one_that_was_left_is_found_again():
    traces, main, other = MetricHistory(), Branch("main"), Branch("b1", fork=10)
    for step in (0, 10, 20, 30):
        seen(traces, main, step)
    assert seen(traces, other, 15, left=("main",)).lr.steps.tolist() == [0, 10, 15]
    assert seen(traces, main, 30, left=("b1",)).lr.steps.tolist() == [0, 10, 20, 30]
    assert seen(traces, other, 15, left=("main",)).lr.steps.tolist() == [0, 10, 15]


def test_a_line_that_cannot_be_returned_to_is_forgotten():
    traces = MetricHistory()
    seen(traces, Branch("main"), 10)
    seen(traces, Branch("b1", fork=10), 12)
    assert seen(traces, Branch("main"), 14).lr.steps.tolist() == [14]
