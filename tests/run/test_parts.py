"""The small parts of a run: curves, throughput, overhead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.run.history.curve import Curve
from tuitrain.run.live.overhead import OverheadMeter
from tuitrain.run.live.throughput import ThroughputMeter


@given(st.lists(st.lists(st.floats(allow_nan=False), max_size=700), max_size=6))
def test_a_curve_has_the_values_added_and_its_views_never_change(chunks):
    curve, expected, views = Curve(), [], []
    for chunk in chunks:
        curve.extend(len(expected) + 1, chunk)
        expected += chunk
        views.append((curve.series(), list(expected)))
    for series, values in views:
        assert series.values.tolist() == values
        assert series.steps.tolist() == list(range(1, len(values) + 1))
        assert not series.values.flags.writeable
    assert curve.last(3) == expected[-3:]


def test_throughput_is_over_about_the_last_second():
    now = [0.0]
    meter = ThroughputMeter(lambda: now[0])
    assert meter.per_second() == 0.0
    for _ in range(50):
        now[0] += 0.1
        meter.add(10)
    assert round(meter.per_second()) == 100
    for _ in range(50):
        now[0] += 0.1
        meter.add(30)
    assert round(meter.per_second()) == 300
    meter.reset()
    assert meter.per_second() == 0.0


def test_overhead_is_the_share_of_the_last_seconds_without_training():
    now = [0.0]
    overhead = OverheadMeter(lambda: now[0])

    def bursts(number: int, training: float, other: float) -> None:
        for _ in range(number):
            now[0] += other
            with overhead.training():
                now[0] += training
            overhead.end_burst()

    bursts(5, 0.09, 0.01)
    assert overhead.share() is None  # four tenths of a second are known
    bursts(50, 0.09, 0.01)
    assert overhead.share() == pytest.approx(0.1)
    bursts(60, 0.05, 0.05)
    assert overhead.share() == pytest.approx(0.5)
    overhead.reset()
    assert overhead.share() is None


def test_training_that_fails_counts_as_training():
    now = [0.0]
    overhead = OverheadMeter(lambda: now[0])
    overhead.end_burst()
    with pytest.raises(ZeroDivisionError), overhead.training():
        now[0] += 1.0
        raise ZeroDivisionError
    overhead.end_burst()
    assert overhead.share() == 0.0
