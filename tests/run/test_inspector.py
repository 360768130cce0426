"""Inspections are correct, belong to the branch, are throttled, and never end a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.conformance.embedded import make_engine
from tests.run.fake_engine import FakeEngine
from tuitrain.commands import parse
from tuitrain.engines.downsampling import (
    MAX_COLUMNS,
    MAX_ELEMENTS,
    MAX_ROWS,
    block_means,
    downsample,
)
from tuitrain.engines.inspection import (
    BatchView,
    FailedInspection,
    InspectBatch,
    InspectNetwork,
    InspectWeights,
    NetworkView,
    WeightsView,
)
from tuitrain.run.history.branch import Branch
from tuitrain.run.history.branch_tree import BranchNode
from tuitrain.run.live.inspector import (
    BATCH_SECONDS,
    MIN_TRAINING_RATIO,
    WEIGHTS_SECONDS,
    Inspector,
    ThrottledCall,
)
from tuitrain.run.live.live_run import LiveRun
from tuitrain.run.live.parameter_sampler import MAX_HISTOGRAMS, HistogramHistory, ParameterSampler
from tuitrain.run.session import Session
from tuitrain.run.snapshot import Phase, RunInfo

TITLE = RunInfo("test", "small", "none", 0, 8, 7, 70)
FC = InspectWeights("fc.weight")


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def session() -> Session:
    return Session(make_engine(), TITLE)


def inspect(inspector: Inspector, run: Session, request) -> WeightsView | NetworkView | BatchView:
    view = inspector.inspect(run, request)
    assert isinstance(view, WeightsView | NetworkView | BatchView)
    return view


def test_nothing_is_inspected_without_a_request(clock, monkeypatch):
    run = session()
    for method in ("inspect_batch", "inspect_network", "count_dead_units", "inspect_parameter"):
        monkeypatch.setattr(run.engine, method, None)
    assert Inspector(clock).inspect(run, None) is None


@pytest.mark.parametrize(
    "view_request", [FC, InspectNetwork(), InspectBatch(), InspectBatch("next")]
)
def test_an_inspected_run_has_the_same_bits(clock, view_request):
    watched, alone = session(), session()
    inspector = Inspector(clock)
    for _ in range(9):
        for run in (watched, alone):
            run.run_burst(max_steps=2)
        clock.now += 5
        inspect(inspector, watched, view_request)
    assert watched.engine.digests() == alone.engine.digests()
    assert watched.timeline.branch.loss.series().values.tolist() == (
        alone.timeline.branch.loss.series().values.tolist()
    )


def test_the_update_is_the_difference_to_the_inspection_before(clock):
    run, inspector = session(), Inspector(clock)
    first = inspect(inspector, run, FC)
    assert (first.update.statistics, first.update_steps) == (None, 0)
    before = run.engine.parameters()["fc.weight"].copy()
    run.run_burst(max_steps=3)
    clock.now += 1
    later = inspect(inspector, run, FC)
    assert later.update_steps == 3
    assert later.update.sample is not None
    changed = run.engine.parameters()["fc.weight"] - before
    assert np.array_equal(later.update.sample, changed)
    assert later.update.statistics is not None
    assert later.update.statistics.norm == pytest.approx(np.linalg.norm(changed))
    assert later.units is not None
    assert later.units.units == 8


def test_histograms_are_collected_while_a_parameter_is_inspected(clock):
    run, inspector = session(), Inspector(clock)
    for _ in range(4):
        view = inspect(inspector, run, FC)
        run.run_burst(max_steps=2)
        clock.now += 1
    assert view.value.histograms.steps.tolist() == [0, 2, 4, 6]
    assert view.grad.histograms.steps.tolist() == [2, 4, 6]
    assert view.value.histograms.counts.sum(axis=1).tolist() == [384] * 4
    assert not view.value.histograms.counts.flags.writeable
    assert view.value.sample is not None
    assert not view.value.sample.flags.writeable


def test_a_rewind_removes_the_histograms_of_the_branch_that_is_left(clock):
    run, inspector = session(), Inspector(clock)
    for _ in range(4):
        inspect(inspector, run, FC)
        run.run_burst(max_steps=2)
        clock.now += 1
    run.apply_command(parse("rewind 3"), "key", 1)
    view = inspect(inspector, run, FC)
    assert view.value.histograms.steps.tolist() == [0, 2, 3]
    assert view.update.statistics is None


def test_a_branch_shares_the_histograms_before_its_fork():
    engine, sampler = make_engine(), ParameterSampler()
    for _ in range(3):
        sampler.sample(engine, Branch(BranchNode("main")), FC)
        engine.run(2, lambda: False)
    view = sampler.sample(engine, Branch(BranchNode("b1", fork=3)), FC)
    assert view is not None
    assert view.value.histograms.steps.tolist() == [0, 2, 6]


def test_a_branch_that_is_only_passed_limits_the_shared_histograms(clock):
    run, inspector = session(), Inspector(clock)
    for _ in range(5):
        inspect(inspector, run, FC)
        run.run_burst(max_steps=2)
        clock.now += 1
    run.apply_command(parse("rewind 5"), "key", 1)
    assert inspector.inspect(run, None) is None
    run.run_burst(max_steps=3)
    run.apply_command(parse("rewind 7"), "key", 1)
    assert inspect(inspector, run, FC).value.histograms.steps.tolist() == [0, 2, 4, 7]


def test_a_long_histogram_history_is_thinned_and_covers_all_steps():
    history = HistogramHistory()
    view = make_engine().inspect_parameter("fc.weight")
    assert view is not None
    for step in range(5 * MAX_HISTOGRAMS):
        history.add(step, view.value)
    steps = history.view().steps
    assert len(steps) <= MAX_HISTOGRAMS
    assert (steps[0], steps[-1]) == (0, 5 * MAX_HISTOGRAMS - 1)
    history.add(steps[-1], replace(view.value, low=-9.0))
    assert history.view().low[-1] != -9


def test_inspections_are_throttled_while_the_run_continues(clock):
    run, inspector = session(), Inspector(clock)
    first = inspect(inspector, run, InspectBatch())
    run.run_burst(max_steps=1)
    clock.now += BATCH_SECONDS * 0.9
    assert inspect(inspector, run, InspectBatch()) is first
    clock.now += BATCH_SECONDS * 0.2
    assert inspect(inspector, run, InspectBatch()).step == 1
    assert inspect(inspector, run, InspectBatch("next")).request == InspectBatch("next")


def test_a_paused_run_is_inspected_again_after_a_command(clock):
    run, inspector = session(), Inspector(clock)
    run.run_burst(max_steps=1)
    run.apply_command(parse("pause"), "key", 1)
    before = inspect(inspector, run, InspectNetwork())
    assert inspect(inspector, run, InspectNetwork()) is before
    run.apply_command(parse("freeze conv"), "key", 2)
    after = inspect(inspector, run, InspectNetwork())
    assert isinstance(after, NetworkView)
    assert isinstance(before, NetworkView)
    assert before.rows != after.rows


def test_inspections_leave_95_percent_of_the_time_to_training(clock):
    called_at: list[float] = []

    def call() -> int:
        called_at.append(clock.now)
        clock.now += 0.5
        return len(called_at)

    throttled = ThrottledCall(clock, WEIGHTS_SECONDS)
    while clock.now < 50:
        throttled.get("this", call)
        clock.now += 0.01
    gaps = np.diff(called_at)
    assert (gaps >= 0.5 * (1 + MIN_TRAINING_RATIO)).all()
    assert len(called_at) == 5


@pytest.mark.parametrize("view_request", [InspectNetwork(), InspectBatch()])
def test_an_inspection_that_fails_is_reported_and_the_run_continues(
    clock, view_request, monkeypatch
):
    run, inspector, calls = session(), Inspector(clock), []

    def fail(*_):
        calls.append(1)
        raise ValueError("odd pixels")

    monkeypatch.setattr(run.engine, "inspect_network", fail)
    monkeypatch.setattr(run.engine, "inspect_batch", fail)
    for _ in range(3):
        assert inspector.inspect(run, view_request) == FailedInspection(
            view_request, 0, "ValueError: odd pixels"
        )
    assert calls == [1]
    assert run.phase is Phase.RUNNING


def test_an_unknown_parameter_is_reported(clock):
    view = Inspector(clock).inspect(session(), InspectWeights("fc9.weight"))
    assert view == FailedInspection(
        InspectWeights("fc9.weight"), 0, "there is no parameter 'fc9.weight'"
    )


def test_a_live_run_shows_an_inspection_while_it_is_requested():
    info = RunInfo("test", "fake", "none", 0, 4, 10, 30)
    run = LiveRun(lambda on_progress: Session(FakeEngine(), info), info).start()
    run.join(20)
    run.inspect(InspectWeights("w"))
    run.answer(run.submit(parse("pause")), 20)
    assert run.snapshot().inspection == FailedInspection(
        InspectWeights("w"), 30, "there is no parameter 'w'"
    )
    run.inspect(None)
    run.answer(run.submit(parse("pause")), 20)
    assert run.snapshot().inspection is None
    run.close()


def test_large_arrays_are_downsampled_and_small_ones_kept():
    small = np.arange(12, dtype=np.float32).reshape(3, 4)
    sample, block = downsample(small)
    assert (sample.tolist(), block) == (small.tolist(), (1, 1))
    sample, block = downsample(np.ones((1000, 300), np.float32))
    assert block == (8, 2)
    assert sample.shape == (125, 150)
    assert sample.shape[0] <= MAX_ROWS
    assert sample.shape[1] <= MAX_COLUMNS
    assert (sample == 1).all()
    sample, block = downsample(np.ones((512, 512, 3, 3), np.float32))
    assert (sample.size <= MAX_ELEMENTS, sample.shape[1:], block) == (True, (512, 3, 3), (1, 1))
    assert downsample(np.float32(3).reshape(()))[0].shape == ()


def test_the_last_blocks_are_means_of_fewer_values():
    means = block_means(np.arange(15.0).reshape(3, 5), (2, 3))
    assert means.tolist() == [[3.5, 6.0], [11.0, 13.5]]
