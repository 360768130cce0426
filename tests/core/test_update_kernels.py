"""The update kernels against one obvious line of NumPy each, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core.kernels import update

SIZES = [1, 2, 3, 4, 5, 255, 256, 257, 1023, 1024, 1025, 1027, 2048, 5003]
ODD_VALUES = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-42, 3e38]


def numbers(size: int, dtype: str, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(size).astype(dtype)


def squares(*arrays: np.ndarray) -> list[float]:
    return [float(np.sum(np.square(each.astype(np.float64)))) for each in arrays]


def bits(array: np.ndarray) -> bytes:
    return array.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_sgd_is_the_formula_and_measures_what_it_did(size, dtype):
    p, g = numbers(size, dtype, 1), numbers(size, dtype, 2)
    old, number = p.copy(), np.dtype(dtype).type
    sums = update.sgd(p, g, number(0.1), number(0.02))
    expected = old.astype("f8") - 0.1 * (g.astype("f8") + 0.02 * old.astype("f8"))
    np.testing.assert_allclose(p, expected, rtol=0, atol=5e-7)
    change = p.astype("f8") - old.astype("f8")
    np.testing.assert_allclose(sums, squares(change, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_momentum_is_the_formula(size, dtype, nesterov):
    p, g, v = (numbers(size, dtype, seed) for seed in (1, 2, 3))
    old, speed, number = p.astype("f8"), v.astype("f8"), np.dtype(dtype).type
    sums = update.sgd_momentum(p, g, v, number(0.1), number(0.9), number(0.02), nesterov)
    slope = g.astype("f8") + 0.02 * old
    speed = 0.9 * speed + slope
    np.testing.assert_allclose(v, speed, rtol=0, atol=2e-6)
    expected = old - 0.1 * (slope + 0.9 * speed if nesterov else speed)
    np.testing.assert_allclose(p, expected, rtol=0, atol=2e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("coupled", "decoupled"), [(0.0, 0.0), (0.03, 0.0), (0.0, 0.003)])
def test_adam_is_the_formula(size, dtype, coupled, decoupled):
    p, g, m, v = (numbers(size, dtype, seed) for seed in (1, 2, 3, 4))
    v *= v
    old, number = p.astype("f8"), np.dtype(dtype).type
    slope = g.astype("f8") + coupled * old
    first = 0.9 * m.astype("f8") + 0.1 * slope
    second = 0.999 * v.astype("f8") + 0.001 * slope**2
    scalars = [number(x) for x in (0.01, 0.9, 0.999, 0.1, 0.001, 0.5, 1e-8, coupled, decoupled)]
    sums = update.adam(p, g, m, v, *scalars)
    np.testing.assert_allclose(m, first, rtol=0, atol=1e-6)
    np.testing.assert_allclose(v, second, rtol=1e-6, atol=1e-7)
    expected = old - 0.01 * first / (np.sqrt(second) / 0.5 + 1e-8) - decoupled * old
    np.testing.assert_allclose(p, expected, rtol=0, atol=2e-5)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("size", [7, 1024, 2051])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lr_0_holds_odd_weights_whatever_the_gradient(size, dtype):
    number = np.dtype(dtype).type
    weights = np.resize(np.array(ODD_VALUES, dtype), size)
    grad = np.resize(np.array(ODD_VALUES[2:], dtype), size)
    before, zero = bits(weights), number(0.0)
    v = np.ones(size, dtype)
    m = np.ones(size, dtype)
    update.sgd(weights, grad, zero, number(0.1))
    update.sgd_momentum(weights, grad, v, zero, number(0.9), number(0.1), True)
    half, decay = number(0.5), number(0.1)
    update.adam(weights, grad, m, v, zero, half, half, half, half, half, half, decay, zero)
    assert bits(weights) == before
    assert np.isnan(v[0])
    assert np.isnan(m[0])


def test_no_decay_does_not_multiply_an_infinite_weight_by_0():
    p = np.array([np.inf, -np.inf, 1.0], "f4")
    g = np.array([1.0, 1.0, 1.0], "f4")
    update.sgd(p, g, np.float32(0.5), np.float32(0))
    np.testing.assert_array_equal(p, np.array([np.inf, -np.inf, 0.5], "f4"))


@pytest.mark.parametrize("place", [0, 255, 256, 1023, 1024, 1030])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_shows_in_the_sums_wherever_it_stands(place, value):
    p, g = numbers(1031, "f4", 1), numbers(1031, "f4", 2)
    g[place] = value
    change, weight, slope = update.sgd(p, g, np.float32(0.1), np.float32(0))
    assert not np.isfinite([change, weight, slope]).any()
    assert np.isnan(p[place]) if np.isnan(value) else p[place] == -np.inf
    assert np.isfinite(np.delete(p, place)).all()


def test_squares_neither_overflow_nor_vanish_in_float32():
    p, g = np.zeros(5, "f4"), np.array([1e30, 1e-30, 0, 0, 0], "f4")
    assert update.sgd(p, g, np.float32(0), np.float32(0))[2] == pytest.approx(1e60, rel=1e-6)
    g[0] = 0
    assert update.sgd(p, g, np.float32(0), np.float32(0))[2] == pytest.approx(1e-60, rel=1e-6)


def test_a_change_that_rounding_swallowed_counts_as_none():
    p, g = np.full(9, 1.0, "f4"), np.full(9, 1e-9, "f4")
    assert update.sgd(p, g, np.float32(1), np.float32(0)) == (0.0, 9.0, pytest.approx(9e-18))
