"""Received curves of any length: what is shown of their points, beside a list of all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuitrain.remote.snapshots.curves.received_curve import (
    MAX_BUCKETS,
    MAX_SHOWN,
    WHOLE_POINTS,
    ReceivedCurve,
)
from tuitrain.remote.snapshots.errors import RemoteDataError


def losses(first: int, count: int) -> np.ndarray:
    """Return values of which some are not finite, all of them in some stretches."""
    values = np.sin(np.arange(first, first + count, dtype=float)) / 3 + 1
    numbers = np.arange(first, first + count)
    values[numbers % 97 == 0] = np.nan
    values[numbers % 1009 == 0] = np.inf
    values[numbers % 20_011 < 40] = np.nan
    return values


def steps_of(first: int, count: int) -> np.ndarray:
    return np.arange(first, first + count) * 3 + 1


def received(steps: np.ndarray, values: np.ndarray, thins: bool = True) -> ReceivedCurve:
    return ReceivedCurve.of(steps, values, thins)


def grow(curve: ReceivedCurve, keep: int, count: int) -> ReceivedCurve:
    return curve.extended(keep, steps_of(keep, count), losses(keep, count))


def assert_shows(curve: ReceivedCurve, length: int, lost: int = 0) -> None:
    """Assert that a curve shows the points 0 to ``length`` - 1, of which some may be lost."""
    steps, values = steps_of(0, length), losses(0, length)
    series = curve.series()
    assert curve.length == length
    assert len(series) == curve.shown <= MAX_SHOWN
    ends = np.searchsorted(steps, series.steps, side="right")
    assert (steps[ends - 1] == series.steps).all()
    assert series.counts.sum() >= np.isfinite(values).sum() - lost
    befores = np.concatenate([[0], ends[:-1]])
    for place in np.flatnonzero(series.counts > 1):
        part = values[befores[place] : ends[place]]
        part = part[np.isfinite(part)]
        low, mean, high = series.lows[place], series.values[place], series.highs[place]
        assert part.min() <= low <= mean <= high <= part.max()
        if len(part) == series.counts[place]:  # none of them is lost
            assert (low, mean, high) == (part.min(), pytest.approx(part.mean()), part.max())
        else:
            assert len(part) > series.counts[place]
            assert lost


def test_a_curve_of_few_points_is_whole():
    curve = grow(received(steps_of(0, 100), losses(0, 100)), 100, 2 * WHOLE_POINTS - 200)
    series = curve.series()
    np.testing.assert_array_equal(series.steps, steps_of(0, 2 * WHOLE_POINTS - 100))
    np.testing.assert_array_equal(series.values, losses(0, 2 * WHOLE_POINTS - 100))


@pytest.mark.parametrize("count", [2 * WHOLE_POINTS, 100_003, 1_000_000])
def test_a_long_curve_shows_means_of_its_older_points(count):
    assert_shows(received(steps_of(0, count), losses(0, count)), count)


def test_a_curve_that_grows_is_bounded_and_its_newest_points_are_whole():
    curve, length = received(steps_of(0, 0), losses(0, 0)), 0
    while length < 400_000:
        curve = grow(curve, length, 7_777)
        length += 7_777
        newest = curve.series()
        expected = losses(0, length)[-WHOLE_POINTS:]
        np.testing.assert_array_equal(newest.values[-WHOLE_POINTS:], expected)
        np.testing.assert_array_equal(
            newest.steps[-len(expected) :], steps_of(0, length)[-len(expected) :]
        )
    assert_shows(curve, length)


def test_a_spike_stays_in_the_high_of_its_bucket():
    values = np.zeros(200_000)
    values[1234] = 1e6
    series = received(steps_of(0, len(values)), values).series()
    assert series.highs.max() == 1e6
    assert np.abs(series.values).max() <= 1e6 / 16


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60_000)), min_size=1, max_size=8))
def test_a_curve_that_goes_back_has_no_point_that_was_left(changes):
    curve, length, lost = received(steps_of(0, 50_000), losses(0, 50_000)), 50_000, 0
    for share, count in changes:
        keep = int(length * share)
        curve = grow(curve, keep, count)
        length = keep + count
        lost += 64  # the most points of a bucket, as long as curves have at most 500,000
    assert_shows(curve, length, lost)


def test_the_series_of_before_never_changes():
    curve = received(steps_of(0, 30_000), losses(0, 30_000))
    series = curve.series()
    steps, values = series.steps.copy(), series.values.copy()
    for keep in (30_000, 20_000, 5):
        grow(curve, keep, 40_000)
    np.testing.assert_array_equal(series.steps, steps)
    np.testing.assert_array_equal(series.values, values)


@pytest.mark.parametrize("keep", [-1, 50_001])
def test_a_curve_continues_after_points_that_it_has(keep):
    curve = received(steps_of(0, 50_000), losses(0, 50_000))
    with pytest.raises(RemoteDataError, match="50000 points cannot continue after"):
        curve.extended(keep, steps_of(0, 1), losses(0, 1))


def test_a_thinned_curve_continues_with_its_dtypes():
    curve = received(steps_of(0, 50_000), losses(0, 50_000).astype(np.float32))
    with pytest.raises(RemoteDataError, match="int64 and float32 cannot continue with int64 and f"):
        curve.extended(50_000, steps_of(50_000, 1), losses(50_000, 1))


def test_buckets_are_fewer_than_their_limit():
    curve = received(steps_of(0, 3_000_000), np.zeros(3_000_000))
    assert curve.shown <= MAX_BUCKETS + 2 * WHOLE_POINTS


def test_a_curve_for_a_program_has_all_points():
    curve = received(steps_of(0, 100_000), losses(0, 100_000), thins=False)
    series = grow(curve, 90_000, 110_000).series()
    np.testing.assert_array_equal(series.steps, steps_of(0, 200_000))
    np.testing.assert_array_equal(series.values, losses(0, 200_000))
