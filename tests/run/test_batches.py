"""Means over steps weigh a smaller last batch by its samples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.run.fake_engine import FakeEngine
from tests.scenario.small import TEXT
from tuitrain.run.batches import EQUAL_BATCHES, Batches
from tuitrain.run.history.timeline import Timeline
from tuitrain.run.session import Session
from tuitrain.run.snapshot import OPEN_END, RunInfo
from tuitrain.scenario.build import build
from tuitrain.scenario.events import EpochEnded
from tuitrain.scenario.expect import Expectations
from tuitrain.scenario.load import loads
from tuitrain.scenario.run_to_end import run_to_end

ODD = Batches(size=64, samples=129, per_epoch=3)
"""Batches of 64, 64 and 1."""


def test_a_last_batch_of_one_sample_weighs_a_64th_of_the_others():
    assert ODD.mean_loss([1.0, 1.0, 130.0], 3) == pytest.approx((64 + 64 + 130) / 129)
    assert ODD.mean_loss([2.0, 4.0], 5) == 3.0
    assert ODD.mean_loss([130.0, 1.0], 4) == pytest.approx((130 + 64) / 65)
    assert EQUAL_BATCHES.mean_loss([1.0, 2.0, 6.0], 3) == 3.0


def test_a_mean_of_no_losses_or_of_one_not_finite_is_nan():
    for losses in ([], [1.0, math.nan], [math.inf, 1.0]):
        assert math.isnan(ODD.mean_loss(losses, 3))


@given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 60))
def test_samples_are_counted_batch_by_batch(size, samples, step):
    batches = Batches(size, samples, math.ceil(samples / size))
    sizes = [min(size, samples - start) for start in range(0, samples, size)]
    assert batches.samples_until(step) == sum(sizes[at % len(sizes)] for at in range(step))


@given(st.lists(st.floats(0, 10), min_size=1, max_size=20))
def test_batches_of_one_size_give_the_plain_mean_bit_for_bit(losses):
    even = Batches(7, 28, 4)
    assert even.mean_loss(losses, 20) == math.fsum(losses) / len(losses)


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples():
    """50 samples in batches of 7: the last has one."""
    text = TEXT[: TEXT.index("[[at]]")].replace("batch_size = 8", "batch_size = 7")
    scenario = loads(text, "x.toml")
    session = build(scenario, "x.toml")
    events = run_to_end(
        session, Expectations(scenario.expect, session, "x.toml"), "x.toml", lambda _: None
    )
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    losses = session.snapshot().loss.values.tolist()
    for epoch in epochs:
        own = losses[epoch.step - 8 : epoch.step]
        assert epoch.train_loss == pytest.approx((7 * sum(own[:7]) + own[7]) / 50, rel=1e-12)
    assert session.engine.samples_per_epoch == 50
    assert len(epochs) == 3


@pytest.mark.parametrize(("batch_size", "samples"), [(1, 13), (64, 13 * 64)])
def test_the_steps_of_a_loop_count_samples_if_the_size_of_a_batch_is_known(batch_size, samples):
    engine = FakeEngine()
    engine.batch_size, engine.samples_per_epoch = 1, engine.steps_per_epoch
    timeline = Timeline(engine, engine.steps_per_epoch, batch_size=batch_size)
    assert timeline.batches.samples_until(13) == samples
    mean = Batches(1, 10, 10).mean_loss([0.1, 0.2], 10)
    assert timeline.batches.mean_loss([0.1, 0.2], 10) == mean


@pytest.mark.parametrize(("total", "eta"), [(20, 40.0), (OPEN_END, None)])
def test_a_run_without_a_known_end_has_no_remaining_time(total, eta):
    session = Session(FakeEngine(), RunInfo("test", "", "", 0, 4, 10, total))
    assert session.snapshot(samples_per_second=2.0).eta == eta
