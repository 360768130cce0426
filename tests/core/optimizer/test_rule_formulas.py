"""Update rules against one line of NumPy each, in float64; float32 runs natively."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core.optimizer.update_call import apply_rule, square_sum

SIZES = [1, 2, 3, 4, 5, 255, 256, 257, 1023, 1024, 1025, 1027, 2048, 5003]
ODD_VALUES = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-42, 3e38]


def numbers(size: int, dtype: str, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(size).astype(dtype)


def squares(*arrays: np.ndarray) -> list[float]:
    return [float(np.sum(np.square(array.astype(np.float64)))) for array in arrays]


def bits(array: np.ndarray) -> bytes:
    return array.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_sgd_is_the_formula_and_measures_what_it_did(size, dtype):
    p, g = numbers(size, dtype, 1), numbers(size, dtype, 2)
    old = p.copy()
    sums = apply_rule("sgd", p, g, (), (0.1, 0.02))
    expected = old.astype("f8") - 0.1 * (g.astype("f8") + 0.02 * old.astype("f8"))
    np.testing.assert_allclose(p, expected, rtol=0, atol=5e-7)
    change = p.astype("f8") - old.astype("f8")
    np.testing.assert_allclose(sums, squares(change, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_momentum_is_the_formula(size, dtype, nesterov):
    p, g, v = (numbers(size, dtype, seed) for seed in (1, 2, 3))
    old, speed = p.astype("f8"), v.astype("f8")
    sums = apply_rule("sgd_momentum", p, g, (v,), (0.1, 0.9, 0.02, nesterov))
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
    old = p.astype("f8")
    slope = g.astype("f8") + coupled * old
    first = 0.9 * m.astype("f8") + 0.1 * slope
    second = 0.999 * v.astype("f8") + 0.001 * slope**2
    scalars = (0.01, 0.9, 0.999, 0.1, 0.001, 2.0, 1e-8, coupled, decoupled)
    sums = apply_rule("adam", p, g, (m, v), scalars)
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
    s = s * s + m * m + 1
    old, slope = p.astype("f8"), g.astype("f8") + 0.02 * p.astype("f8")
    square = 0.9 * s.astype("f8") + 0.1 * slope**2
    mean, speed = 0.9 * m.astype("f8") + 0.1 * slope, momentum * v.astype("f8")
    speed += slope / (np.sqrt(square - mean**2 if centered else square) + 0.1)
    rule = "rmsprop" + "_centered" * centered + "_momentum" * bool(momentum)
    slots = [s, *[m] * centered, *[v] * bool(momentum)]
    sums = apply_rule(rule, p, g, slots, (0.01, 0.9, 0.1, 0.1, momentum, 0.02))
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
    s, a, old = s * s, a * a, p.astype("f8")
    slope, before, total = g.astype("f8") + 0.02 * old, p.copy(), s.copy()
    sums = apply_rule("adagrad", p, g, (total,), (0.1, 0.5, 0.02))
    expected = s.astype("f8") + slope**2
    np.testing.assert_allclose(total, expected, rtol=1e-6)
    np.testing.assert_allclose(p, old - 0.1 * slope / np.sqrt(expected + 0.5), rtol=0, atol=1e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)

    p, square = before, 0.9 * s.astype("f8") + 0.1 * slope**2
    delta = np.sqrt(a.astype("f8") + 0.1) / np.sqrt(square + 0.1) * slope
    moved = 0.9 * a.astype("f8") + 0.1 * delta**2
    sums = apply_rule("adadelta", p, g, (s, a), (0.1, 0.9, 0.1, 0.1, 0.02))
    np.testing.assert_allclose(s, square, rtol=1e-6)
    np.testing.assert_allclose(a, moved, rtol=1e-5)
    np.testing.assert_allclose(p, old - 0.1 * delta, rtol=0, atol=2e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("decay", [0.0, 0.003])
def test_lion_is_the_formula(size, dtype, decay):
    p, g, m = (numbers(size, dtype, seed) for seed in (1, 2, 3))
    old, mean = p.astype("f8"), m.astype("f8")
    g[0] = m[0] = 0
    mean[0] = 0
    sums = apply_rule("lion", p, g, (m,), (0.01, 0.9, 0.1, 0.7, 0.3, decay))
    sign = np.sign(0.9 * mean + 0.1 * g.astype("f8"))
    np.testing.assert_allclose(p, old - 0.01 * sign - decay * old, rtol=0, atol=1e-6)
    np.testing.assert_allclose(m, 0.7 * mean + 0.3 * g.astype("f8"), rtol=0, atol=1e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_lamb_is_the_formula_in_two_passes(size, dtype):
    p, g, m, v = (numbers(size, dtype, seed) for seed in (1, 2, 3, 4))
    v, old = v * v, p.astype("f8")
    first = 0.9 * m.astype("f8") + 0.1 * g.astype("f8")
    second = 0.8 * v.astype("f8") + 0.2 * g.astype("f8") ** 2
    direction = first * 2.0 / (np.sqrt(second) * 1.4 + 0.1) + 0.02 * old
    scalars = (0.01, 0.9, 0.8, 0.1, 0.2, 2.0, 1.4, 0.1, 0.02)
    norms = apply_rule("lamb_norms", p, g, (m, v), scalars)
    np.testing.assert_allclose(norms[1:], squares(direction, p), rtol=1e-5)
    np.testing.assert_array_equal(p, old)
    np.testing.assert_allclose(m, first, rtol=0, atol=1e-6)
    np.testing.assert_allclose(v, second, rtol=1e-6)
    sums = apply_rule("lamb", p, g, (m, v), scalars)
    np.testing.assert_allclose(p, old - 0.01 * direction, rtol=0, atol=1e-6)
    np.testing.assert_allclose(sums, squares(p.astype("f8") - old, p, g), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_the_sum_of_squares_is_the_one_of_the_updates(size, dtype):
    p, g = numbers(size, dtype, 1), numbers(size, dtype, 2)
    assert square_sum(g) == apply_rule("sgd", p, g, (), (0.1, 0.0))[2]
    assert square_sum(g) == pytest.approx(squares(g)[0], rel=1e-13)


@pytest.mark.parametrize("size", [7, 1024, 2051])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lr_0_keeps_odd_weights_whatever_the_gradient_is(size, dtype):
    weights = np.resize(np.array(ODD_VALUES, dtype), size)
    grad = np.resize(np.array(ODD_VALUES[2:], dtype), size)
    before = bits(weights)
    m, v, *more = (np.ones(size, dtype) for _ in range(9))
    for rule, slots, scalars in (
        ("sgd", (), (0.0, 0.1)),
        ("sgd_momentum", (v,), (0.0, 0.9, 0.1, 1.0)),
        ("adam", (m, v), (0.0, *[0.5] * 6, 0.1, 0.0)),
        ("rmsprop_centered_momentum", more[:3], (0.0, *[0.5] * 4, 0.1)),
        ("adagrad", more[3:4], (0.0, 0.5, 0.1)),
        ("adadelta", more[4:6], (0.0, *[0.5] * 3, 0.1)),
        ("lion", more[6:], (0.0, *[0.5] * 4, 0.0)),
        ("lamb", (m, v), (0.0, *[0.5] * 7, 0.1)),
    ):
        apply_rule(rule, weights, grad, slots, scalars)
    assert bits(weights) == before
    assert np.isnan([v[0], m[0], *(array[0] for array in more)]).all()


def test_no_decay_does_not_multiply_an_infinite_weight_by_0():
    p = np.array([np.inf, -np.inf, 1.0], "f4")
    g = np.array([1.0, 1.0, 1.0], "f4")
    apply_rule("sgd", p, g, (), (0.5, 0.0))
    np.testing.assert_array_equal(p, np.array([np.inf, -np.inf, 0.5], "f4"))


@pytest.mark.parametrize("place", [0, 255, 256, 1023, 1024, 1030])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_shows_in_the_sums_at_every_position(place, value):
    p, g = numbers(1031, "f4", 1), numbers(1031, "f4", 2)
    g[place] = value
    change, weight, slope = apply_rule("sgd", p, g, (), (0.1, 0.0))
    assert not np.isfinite([change, weight, slope]).any()
    assert np.isnan(p[place]) if np.isnan(value) else p[place] == -np.inf
    assert np.isfinite(np.delete(p, place)).all()


@pytest.mark.parametrize("place", [0, 255, 256, 1023, 1024, 1030])
def test_lion_keeps_nan_at_every_position(place):
    p, g, m = (numbers(1031, "f4", seed) for seed in (1, 2, 3))
    g[place] = np.nan
    sums = apply_rule("lion", p, g, (m,), (*[0.1] * 5, 0.0))
    assert np.isnan([p[place], m[place], *sums]).all()
    assert np.isfinite(np.delete(p, place)).all()


def test_squares_neither_overflow_nor_vanish_in_float32():
    p, g = np.zeros(5, "f4"), np.array([1e30, 1e-30, 0, 0, 0], "f4")
    assert apply_rule("sgd", p, g, (), (0.0, 0.0))[2] == pytest.approx(1e60, rel=1e-6)
    g[0] = 0
    assert apply_rule("sgd", p, g, (), (0.0, 0.0))[2] == pytest.approx(1e-60, rel=1e-6)


def test_a_change_lost_by_rounding_counts_as_none():
    p, g = np.full(9, 1.0, "f4"), np.full(9, 1e-9, "f4")
    assert apply_rule("sgd", p, g, (), (1.0, 0.0)) == (0.0, 9.0, pytest.approx(9e-18))
