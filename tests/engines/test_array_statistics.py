"""The statistics of an array, against NumPy's own functions."""

import math

import numpy as np
import pytest

from tuitrain.engines.array_statistics import BINS, FIRST_VALUES, describe_array

RNG = np.random.default_rng(0)

ARRAYS = {
    "normal": RNG.normal(0.1, 2.0, (300, 411)).astype(np.float32),
    "far from zero": RNG.normal(1e6, 0.5, 5000),
    "an outlier": np.append(RNG.normal(0, 1, 70_000), -1e6),
    "half": RNG.normal(0, 1, 4000).astype(np.float16),
    "whole numbers": np.arange(-7, 2000),
    "columns": RNG.normal(0, 1, (40, 50)).T[::2],
    "one": np.array(3.0),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_the_statistics_are_those_of_numpy(array):
    view, exact = describe_array(array), np.asarray(array, np.float64)
    assert (view.low, view.high) == (exact.min(), exact.max())
    assert view.mean == pytest.approx(exact.mean(), rel=1e-9, abs=1e-12)
    assert view.std == pytest.approx(exact.std(), rel=1e-9)
    assert view.norm == pytest.approx(np.linalg.norm(exact), rel=1e-9)
    assert view.non_finite == 0
    assert view.first_values == tuple(array.ravel()[:FIRST_VALUES].tolist())


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_the_histogram_is_that_of_numpy_but_for_values_at_the_edges(array):
    counts, expected = np.array(describe_array(array).counts), np.histogram(array, BINS)[0]
    assert counts.sum() == array.size
    assert np.abs(np.cumsum(counts) - np.cumsum(expected)).max() <= max(1, array.size // 100)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.5])
def test_equal_values_have_no_spread_and_are_in_the_middle(value):
    view = describe_array(np.full(1000, value, np.float32))
    assert (view.std, view.low, view.high) == (0.0, view.mean, view.mean)
    assert view.counts == tuple(np.histogram(np.full(1000, value), BINS)[0].tolist())


@pytest.mark.parametrize(
    ("values", "mean", "std", "norm"),
    [
        ([-1.5e308, 1.5e308], 0.0, 1.5e308, math.inf),
        ([-1e200, 0.0, 2e200], 1e200 / 3, 1e200 * math.sqrt(14) / 3, 1e200 * math.sqrt(5)),
        ([0.0, 3e-200], 1.5e-200, 1.5e-200, 3e-200),
        ([0.0, 5e-324], 0.0, 0.0, 5e-324),
    ],
)
def test_values_whose_squares_do_not_fit_are_described(values, mean, std, norm):
    view = describe_array(np.array(values))
    assert (view.low, view.high, sum(view.counts)) == (min(values), max(values), len(values))
    assert (view.counts[0], view.counts[-1]) == (1, 1)
    assert view.mean == pytest.approx(mean, rel=1e-12, abs=1e-323)
    assert view.std == pytest.approx(std, rel=1e-12, abs=1e-323)
    assert view.norm == pytest.approx(norm, rel=1e-12)


def test_nan_and_inf_are_counted_and_left_out():
    array = np.array([1.0, np.nan, 3.0, np.inf, -np.inf])
    view = describe_array(array)
    assert (view.non_finite, view.mean, view.low, view.high) == (3, 2.0, 1.0, 3.0)
    assert sum(view.counts) == 2
    assert len(view.first_values) == 5


@pytest.mark.parametrize("array", [np.empty(0), np.full(3, np.nan)], ids=["empty", "NaN"])
def test_an_array_without_a_finite_value_has_no_statistics(array):
    view = describe_array(array)
    assert all(map(math.isnan, (view.mean, view.std, view.low, view.high, view.norm)))
    assert (view.non_finite, sum(view.counts)) == (array.size, 0)


def test_the_extremes_have_a_bin_each():
    view = describe_array(np.array([0.0, 0.5, 1.0]))
    assert (view.counts[0], view.counts[BINS // 2], view.counts[-1]) == (1, 1, 1)
