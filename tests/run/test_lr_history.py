"""The curve of a learning rate has only values that were used, with their jumps at their steps."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.engines.conftest import make_engine
from tests.run.test_timeline import do, make, run_to
from tuitrain.engines.views import LrSpan
from tuitrain.run.history.branch import Branch
from tuitrain.run.history.branch_tree import BranchNode
from tuitrain.run.history.lr_curve import MAX_POINTS, LrCurve, every_rate, rate_at
from tuitrain.run.history.lr_history import MAX_NOTED, LrHistory
from tuitrain_core.schedule import Cosine, Linear, Milestones, OneCycle, WarmUp, to_record

SCHEDULES = [
    Linear(0.1, 0.001, 7, 40, 469),
    Cosine(0.1, 0.0, 0, 20_000),
    Cosine(0.1, 0.0, 0, 30, 700),
    Milestones(0.1, 0.1, (5_003, 12_345), 0, 1),
    OneCycle(0.01, 0.1, 0.01, 0, 20_000),
    WarmUp(Milestones(0.1, 0.5, (9_001,), 0, 1), 0, 137),
]


def span_of(schedule, first=0) -> LrSpan:
    return LrSpan(first, schedule.lr(first), to_record(schedule))


def drawn(curve: LrCurve, last: int) -> np.ndarray:
    """Return the height of the curve's lines at every step."""
    series = curve.until(last)
    return np.interp(np.arange(last + 1), series.steps, series.values)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda item: type(item).__name__)
def test_the_lines_of_a_long_schedule_are_near_the_rates_that_were_used(schedule):
    curve, last = LrCurve([span_of(schedule)]), 21_013
    for step in (0, 1, 10, 400, 700, 5_000, 12_345, last):
        lines = drawn(curve, step)
    used = np.array([schedule.lr(step) for step in range(last + 1)])
    near = np.minimum.reduce([np.abs(np.roll(used, by) - lines) for by in range(-41, 42)])
    assert near.max() <= 0.01 * used.max(), "a line, 41 steps to either side: a dot of a screen"
    assert curve.until(last).values[-1] == schedule.lr(last)
    assert len(curve.until(last)) < 3 * MAX_POINTS


def test_a_short_curve_has_every_step_and_shrinks_exactly():
    schedule = Cosine(0.1, 0.0, 0, 300)
    curve = LrCurve([LrSpan(0, 0.5), span_of(schedule, 60)])
    for last in (0, 59, 60, 300, 61, 5):
        series = curve.until(last)
        rates = [0.5 if step < 60 else schedule.lr(step) for step in range(last + 1)]
        assert series.steps.tolist() == list(range(last + 1))
        assert series.values.tolist() == rates


def test_every_rate_and_one_rate_are_those_of_the_schedule():
    schedule = Linear(0.1, 0.01, 3_000, 7, 100)
    spans = (LrSpan(0, 0.2), span_of(schedule, 3_000))
    series = every_rate(spans, 4_000)
    rates = [0.2] * 3_000 + [schedule.lr(step) for step in range(3_000, 4_001)]
    assert series.values.tolist() == rates
    assert [rate_at(spans, step) for step in (0, 2_999, 3_000, 3_333)] == [
        rates[step] for step in (0, 2_999, 3_000, 3_333)
    ]
    assert rate_at(spans[1:], 5) is None


def test_a_curve_that_follows_another_is_as_one_of_its_own():
    draw, spans, step = random.Random(3), [LrSpan(0, 0.5)], 0
    kept = None
    for _ in range(300):
        match draw.randrange(4):
            case 0 if len(spans) > 3:  # a way back
                del spans[draw.randrange(1, len(spans)) :]
                step = spans[-1].first + draw.randrange(3)
            case 1:
                spans.append(span_of(Linear(0.1, 0.01, step, 7, 100), step + 1))
            case 2 if spans[-1].first > 2:  # the last one began at another step
                spans[-1] = LrSpan(spans[-1].first + 1, draw.random())
            case _:
                spans.append(LrSpan(max(step, spans[-1].first) + 1, draw.random()))
        step = max(step, spans[-1].first) + draw.randrange(20)
        kept = LrCurve(spans, kept)
        for last in (step, step // 2):
            series, fresh = kept.until(last), LrCurve(spans).until(last)
            assert series.steps.tolist() == fresh.steps.tolist()
            assert series.values.tolist() == fresh.values.tolist()


def lr_of(session, group: str) -> dict[int, float]:
    history = next(item for item in session.snapshot().histories if item.name == group)
    return dict(zip(history.lr.steps.tolist(), history.lr.values.tolist(), strict=True))


def test_a_command_is_a_jump_at_its_step_although_no_snapshot_was_built_there():
    session = make()
    run_to(session, 40)
    do(session, "lr * x0.5")
    run_to(session, 90)
    do(session, "optimizer fc adam lr=0.003")
    do(session, "lr fc 0.002")
    run_to(session, 120)
    before = session.engine.rehearsal().groups()
    base = {group.name: group.lr for group in before}
    fc = lr_of(session, "fc")
    assert (fc[0], fc[39], fc[40], fc[89], fc[90], fc[120]) == (
        base["fc"],
        base["fc"],
        base["fc"] / 2,
        base["fc"] / 2,
        0.002,
        0.002,
    )
    assert list(fc) == list(range(121))


def test_the_history_follows_the_branch_and_its_ways_back():
    session = make()
    run_to(session, 20)
    do(session, "lr * 0.02")
    run_to(session, 60)
    do(session, "rewind 30")
    run_to(session, 40)
    do(session, "group tail = fc.weight")
    do(session, "schedule tail linear to 0 over 20 steps")
    run_to(session, 50)
    tail, fc = lr_of(session, "tail"), lr_of(session, "fc")
    assert min(tail) == 40
    assert tail[40] == 0.02 > tail[45] > tail[50] > 0
    assert (fc[20], fc[50], max(fc)) == (0.02, 0.02, 50)
    do(session, "branch main")
    assert (lr_of(session, "fc")[19], lr_of(session, "fc")[60]) == (0.01, 0.02)


def test_noted_rates_of_a_loop_are_kept_by_branch_and_thinned_out():
    engine = make_engine()
    group = next(item for item in engine.groups() if item.name == "fc")
    history, main = LrHistory(engine), Branch(BranchNode("main"))
    for step in range(3 * MAX_NOTED):
        history.note(step, main, "fc", 1 / (1 + step // 2))
    ((series, spans),) = history.curves(3 * MAX_NOTED, main, (), [group])
    assert len(spans) <= MAX_NOTED + 1
    assert (series.steps[0], series.values[0]) == (0, 1.0)
    assert series.values[-1] == group.lr
    other = Branch(BranchNode("b1", fork=10))
    history.note(10, other, "fc", 0.5)
    ((series, spans),) = history.curves(12, other, ("main",), [group])
    assert [span.first for span in spans if span.first < 12][-1] == 10
    assert max(span.first for span in spans) == 12
