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
    scalars = [number(x) for x in (0.01, 0.9, 0.999, 0.1, 0.001, 2.0, 1e-8, coupled, decoupled)]
    sums = update.adam(p, g, m, v, *scalars)
    np.testing.assert_allclose(m, first, rtol=0, atol=1e-6)
    np.testing.assert_allclose(v, second, rtol=1e-6, atol=1e-7)
    expected = old - 0.01 * first / (np.sqrt(second) / 0.5 + 1e-8) - decoupled * old
    np.testing.assert_allclose(p, expected, rtol=0, atol=2e-5)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_rmsprop_is_the_formula(size, dtype, centered, momentum):
    p, g, s, m, v = (numbers(size, dtype, seed) for seed in (1, 2, 3, 4, 5))
    s, number, empty = s * s + m * m + 1, np.dtype(dtype).type, np.empty(0, dtype)
    old, slope = p.astype("f8"), g.astype("f8") + 0.02 * p.astype("f8")
    square = 0.9 * s.astype("f8") + 0.1 * slope**2
    mean, speed = 0.9 * m.astype("f8") + 0.1 * slope, momentum * v.astype("f8")
    speed += slope / (np.sqrt(square - mean**2 if centered else square) + 0.1)
    slots = s, m if centered else empty, v if momentum else empty
    scalars = [number(x) for x in (0.01, 0.9, 0.1, 0.1, momentum, 0.02)]
    sums = update.rmsprop(p, g, *slots, *scalars)
    np.testing.assert_allclose(s, square, rtol=1e-6)
    np.testing.assert_allclose(p, old - 0.01 * speed, rtol=0, atol=1e-6)
    if centered:
        np.testing.assert_allclose(m, mean, rtol=0, atol=1e-6)
    if momentum:
        np.testing.assert_allclose(v, speed, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_adagrad_and_adadelta_are_the_formulas(size, dtype):
    p, g, s, a = (numbers(size, dtype, seed) for seed in (1, 2, 3, 4))
    s, a, number, old = s * s, a * a, np.dtype(dtype).type, p.astype("f8")
    slope, before, total = g.astype("f8") + 0.02 * old, p.copy(), s.copy()
    sums = update.adagrad(p, g, total, number(0.1), number(0.5), number(0.02))
    expected = s.astype("f8") + slope**2
    np.testing.assert_allclose(total, expected, rtol=1e-6)
    np.testing.assert_allclose(p, old - 0.1 * slope / np.sqrt(expected + 0.5), rtol=0, atol=1e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)

    p, square = before, 0.9 * s.astype("f8") + 0.1 * slope**2
    delta = np.sqrt(a.astype("f8") + 0.1) / np.sqrt(square + 0.1) * slope
    moved = 0.9 * a.astype("f8") + 0.1 * delta**2
    scalars = [number(x) for x in (0.1, 0.9, 0.1, 0.1, 0.02)]
    sums = update.adadelta(p, g, s, a, *scalars)
    np.testing.assert_allclose(s, square, rtol=1e-6)
    np.testing.assert_allclose(a, moved, rtol=1e-5)
    np.testing.assert_allclose(p, old - 0.1 * delta, rtol=0, atol=2e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("decay", [0.0, 0.003])
def test_lion_is_the_formula(size, dtype, decay):
    p, g, m = (numbers(size, dtype, seed) for seed in (1, 2, 3))
    old, mean, number = p.astype("f8"), m.astype("f8"), np.dtype(dtype).type
    g[0] = m[0] = 0
    mean[0] = 0
    scalars = [number(x) for x in (0.01, 0.9, 0.1, 0.7, 0.3, decay)]
    sums = update.lion(p, g, m, *scalars)
    sign = np.sign(0.9 * mean + 0.1 * g.astype("f8"))
    np.testing.assert_allclose(p, old - 0.01 * sign - decay * old, rtol=0, atol=1e-6)
    np.testing.assert_allclose(m, 0.7 * mean + 0.3 * g.astype("f8"), rtol=0, atol=1e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_lamb_is_the_formula_in_two_passes(size, dtype):
    p, g, m, v = (numbers(size, dtype, seed) for seed in (1, 2, 3, 4))
    v, number, old = v * v, np.dtype(dtype).type, p.astype("f8")
    first = 0.9 * m.astype("f8") + 0.1 * g.astype("f8")
    second = 0.8 * v.astype("f8") + 0.2 * g.astype("f8") ** 2
    direction = first * 2.0 / (np.sqrt(second) * 1.4 + 0.1) + 0.02 * old
    shared = [number(x) for x in (2.0, 1.4, 0.1, 0.02)]
    averages = [number(x) for x in (0.9, 0.8, 0.1, 0.2)]
    norms = update.lamb_norms(p, g, m, v, *averages, *shared)
    np.testing.assert_allclose(norms, [0.0, *squares(direction, p)], rtol=1e-5)
    np.testing.assert_array_equal(p, old)
    np.testing.assert_allclose(m, first, rtol=0, atol=1e-6)
    np.testing.assert_allclose(v, second, rtol=1e-6)
    sums = update.lamb(p, g, m, v, number(0.01), *shared)
    np.testing.assert_allclose(p, old - 0.01 * direction, rtol=0, atol=1e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_the_sum_of_squares_is_the_one_of_the_updates(size, dtype):
    p, g, number = numbers(size, dtype, 1), numbers(size, dtype, 2), np.dtype(dtype).type
    assert update.square_sum(g) == update.sgd(p, g, number(0.1), number(0))[2]
    assert update.square_sum(g) == pytest.approx(squares(g)[0], rel=1e-13)


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
    more = [np.ones(size, dtype) for _ in range(7)]
    update.rmsprop(weights, grad, *more[:3], zero, half, half, half, half, decay)
    update.adagrad(weights, grad, more[3], zero, half, decay)
    update.adadelta(weights, grad, more[4], more[5], zero, half, half, half, decay)
    update.lion(weights, grad, more[6], zero, half, half, half, half, zero)
    update.lamb(weights, grad, m, v, zero, half, half, half, decay)
    assert bits(weights) == before
    assert np.isnan([v[0], m[0], *(each[0] for each in more)]).all()


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


@pytest.mark.parametrize("place", [0, 255, 256, 1023, 1024, 1030])
def test_lion_has_no_sign_for_nan_wherever_it_stands(place):
    p, g, m = (numbers(1031, "f4", seed) for seed in (1, 2, 3))
    g[place] = np.nan
    small = np.float32(0.1)
    sums = update.lion(p, g, m, small, small, small, small, small, np.float32(0))
    assert np.isnan([p[place], m[place], *sums]).all()
    assert np.isfinite(np.delete(p, place)).all()


def test_squares_neither_overflow_nor_vanish_in_float32():
    p, g = np.zeros(5, "f4"), np.array([1e30, 1e-30, 0, 0, 0], "f4")
    assert update.sgd(p, g, np.float32(0), np.float32(0))[2] == pytest.approx(1e60, rel=1e-6)
    g[0] = 0
    assert update.sgd(p, g, np.float32(0), np.float32(0))[2] == pytest.approx(1e-60, rel=1e-6)


def test_a_change_that_rounding_swallowed_counts_as_none():
    p, g = np.full(9, 1.0, "f4"), np.full(9, 1e-9, "f4")
    assert update.sgd(p, g, np.float32(1), np.float32(0)) == (0.0, 9.0, pytest.approx(9e-18))
