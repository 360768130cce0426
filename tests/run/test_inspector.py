"""Looking closely: what is seen is true, belongs to the line, is paced, and never ends a run."""

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
    """Stands, but for what is added to it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def session() -> Session:
    return Session(make_engine(), TITLE)


def seen(seeing: Inspector, run: Session, asked) -> WeightsView | NetworkView | BatchView:
    found = seeing.inspect(run, asked)
    assert isinstance(found, WeightsView | NetworkView | BatchView)
    return found


def test_nothing_is_looked_at_unless_it_is_asked_for(clock, monkeypatch):
    run = session()
    for each in ("inspect_batch", "inspect_network", "count_dead_units", "inspect_parameter"):
        monkeypatch.setattr(run.engine, each, None)
    assert Inspector(clock).inspect(run, None) is None


@pytest.mark.parametrize("asked", [FC, InspectNetwork(), InspectBatch(), InspectBatch("next")])
def test_a_run_that_is_looked_at_comes_to_the_same_bits(clock, asked):
    watched, alone = session(), session()
    seeing = Inspector(clock)
    for _ in range(9):
        for run in (watched, alone):
            run.run_burst(max_steps=2)
        clock.now += 5
        seen(seeing, watched, asked)
    assert watched.engine.digests() == alone.engine.digests()
    assert watched.timeline.branch.loss.series().values.tolist() == (
        alone.timeline.branch.loss.series().values.tolist()
    )


def test_the_update_is_what_has_changed_since_the_look_before(clock):
    run, seeing = session(), Inspector(clock)
    first = seen(seeing, run, FC)
    assert (first.update.statistics, first.update_steps) == (None, 0)
    before = run.engine.parameters()["fc.weight"].copy()
    run.run_burst(max_steps=3)
    clock.now += 1
    later = seen(seeing, run, FC)
    assert later.update_steps == 3
    assert later.update.sample is not None
    changed = run.engine.parameters()["fc.weight"] - before
    assert np.array_equal(later.update.sample, changed)
    assert later.update.statistics is not None
    assert later.update.statistics.norm == pytest.approx(np.linalg.norm(changed))
    assert later.units is not None
    assert later.units.units == 8


def test_histograms_are_kept_over_the_steps_while_somebody_looks(clock):
    run, seeing = session(), Inspector(clock)
    for _ in range(4):
        view = seen(seeing, run, FC)
        run.run_burst(max_steps=2)
        clock.now += 1
    assert view.value.histograms.steps.tolist() == [0, 2, 4, 6]
    assert view.grad.histograms.steps.tolist() == [2, 4, 6]
    assert view.value.histograms.counts.sum(axis=1).tolist() == [384] * 4
    assert not view.value.histograms.counts.flags.writeable
    assert view.value.sample is not None
    assert not view.value.sample.flags.writeable


def test_a_rewind_forgets_what_was_seen_of_the_line_that_is_left(clock):
    run, seeing = session(), Inspector(clock)
    for _ in range(4):
        seen(seeing, run, FC)
        run.run_burst(max_steps=2)
        clock.now += 1
    run.apply_command(parse("rewind 3"), "key", 1)
    view = seen(seeing, run, FC)
    assert view.value.histograms.steps.tolist() == [0, 2, 3]
    assert view.update.statistics is None


def test_a_line_that_was_made_from_another_shares_what_was_before_its_fork():
    engine, sampler = make_engine(), ParameterSampler()
    for _ in range(3):
        sampler.sample(engine, Branch("main"), FC)
        engine.run(2, lambda: False)
    view = sampler.sample(engine, Branch("b1", fork=3), FC)
    assert view is not None
    assert view.value.histograms.steps.tolist() == [0, 2, 6]


def test_a_line_that_is_passed_while_nobody_looks_decides_what_is_shared(clock):
    run, seeing = session(), Inspector(clock)
    for _ in range(5):
        seen(seeing, run, FC)
        run.run_burst(max_steps=2)
        clock.now += 1
    run.apply_command(parse("rewind 5"), "key", 1)
    assert seeing.inspect(run, None) is None
    run.run_burst(max_steps=3)
    run.apply_command(parse("rewind 7"), "key", 1)
    assert seen(seeing, run, FC).value.histograms.steps.tolist() == [0, 2, 4, 7]


def test_a_long_course_is_thinned_and_stays_whole():
    course = HistogramHistory()
    view = make_engine().inspect_parameter("fc.weight")
    assert view is not None
    for step in range(5 * MAX_HISTOGRAMS):
        course.add(step, view.value)
    steps = course.view().steps
    assert len(steps) <= MAX_HISTOGRAMS
    assert (steps[0], steps[-1]) == (0, 5 * MAX_HISTOGRAMS - 1)
    course.add(steps[-1], replace(view.value, low=-9.0))
    assert course.view().low[-1] != -9


def test_looks_are_paced_while_the_run_goes_on(clock):
    run, seeing = session(), Inspector(clock)
    first = seen(seeing, run, InspectBatch())
    run.run_burst(max_steps=1)
    clock.now += BATCH_SECONDS * 0.9
    assert seen(seeing, run, InspectBatch()) is first
    clock.now += BATCH_SECONDS * 0.2
    assert seen(seeing, run, InspectBatch()).step == 1
    assert seen(seeing, run, InspectBatch("next")).request == InspectBatch("next")


def test_a_run_that_stands_is_seen_as_it_is(clock):
    run, seeing = session(), Inspector(clock)
    run.run_burst(max_steps=1)
    run.apply_command(parse("pause"), "key", 1)
    before = seen(seeing, run, InspectNetwork())
    assert seen(seeing, run, InspectNetwork()) is before
    run.apply_command(parse("freeze conv"), "key", 2)
    after = seen(seeing, run, InspectNetwork())
    assert isinstance(after, NetworkView)
    assert isinstance(before, NetworkView)
    assert before.rows != after.rows


def test_training_has_nineteen_twentieths_of_the_time(clock):
    looked: list[float] = []

    def look() -> int:
        looked.append(clock.now)
        clock.now += 0.5
        return len(looked)

    paced = ThrottledCall(clock, WEIGHTS_SECONDS)
    while clock.now < 50:
        paced.get("this", look)
        clock.now += 0.01
    gaps = np.diff(looked)
    assert (gaps >= 0.5 * (1 + MIN_TRAINING_RATIO)).all()
    assert len(looked) == 5


@pytest.mark.parametrize("asked", [InspectNetwork(), InspectBatch()])
def test_a_look_that_fails_is_told_once_and_the_run_goes_on(clock, asked, monkeypatch):
    run, seeing, calls = session(), Inspector(clock), []

    def fail(*_):
        calls.append(1)
        raise ValueError("odd pixels")

    monkeypatch.setattr(run.engine, "inspect_network", fail)
    monkeypatch.setattr(run.engine, "inspect_batch", fail)
    for _ in range(3):
        assert seeing.inspect(run, asked) == FailedInspection(asked, 0, "ValueError: odd pixels")
    assert calls == [1]
    assert run.phase is Phase.RUNNING


def test_a_parameter_that_is_not_there_is_named(clock):
    found = Inspector(clock).inspect(session(), InspectWeights("fc9.weight"))
    assert found == FailedInspection(
        InspectWeights("fc9.weight"), 0, "there is no parameter 'fc9.weight'"
    )


def test_a_live_run_shows_what_is_asked_for_and_then_no_more():
    title = RunInfo("test", "fake", "none", 0, 4, 10, 30)
    run = LiveRun(lambda tell: Session(FakeEngine(), title), title).start()
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


def test_large_arrays_are_averaged_down_and_small_ones_kept():
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


def test_the_last_blocks_are_means_of_what_there_is():
    means = block_means(np.arange(15.0).reshape(3, 5), (2, 3))
    assert means.tolist() == [[3.5, 6.0], [11.0, 13.5]]
