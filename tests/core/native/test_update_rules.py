"""The native update rules have the bits of the reference, and measure the update."""

from __future__ import annotations

import numpy as np
import pytest

from tuitrain_core.native.optim import update
from tuitrain_core.native.optim.measured_update import measured_update
from tuitrain_core.native.optim.update_rules import LAMB_SCALARS, RULES
from tuitrain_core.native.runtime.library import run
from tuitrain_core.optimizer import reference
from tuitrain_core.optimizer.lamb import LambCall

CHUNK = 4096
SCALARS = {
    "sgd": [(0.1, 0.0), (0.1, 0.01), (0.0, 0.01)],
    "sgd_momentum": [(0.1, 0.9, 0.0, 0.0), (0.1, 0.9, 0.01, 1.0), (0.0, 0.9, 0.01, 1.0)],
    "adam": [
        (0.01, 0.9, 0.999, 0.1, 0.001, 0.03, 1e-8, 0.0, 0.0),
        (0.01, 0.9, 0.999, 0.1, 0.001, 0.03, 1e-8, 0.01, 0.0),
        (0.01, 0.9, 0.999, 0.1, 0.001, 0.03, 1e-8, 0.0, 0.01),
        (0.0, 0.9, 0.999, 0.1, 0.001, 0.03, 1e-8, 0.0, 0.0),
    ],
    "rmsprop": [(0.01, 0.99, 0.01, 1e-8, 0.0, 0.0), (0.01, 0.99, 0.01, 1e-8, 0.0, 0.01)],
    "rmsprop_centered": [(0.01, 0.99, 0.01, 1e-8, 0.0, 0.0)],
    "rmsprop_momentum": [(0.01, 0.99, 0.01, 1e-8, 0.9, 0.01)],
    "rmsprop_centered_momentum": [(0.01, 0.99, 0.01, 1e-8, 0.9, 0.01)],
    "adagrad": [(0.01, 1e-10, 0.0), (0.01, 1e-10, 0.01), (0.0, 1e-10, 0.01)],
    "adadelta": [(1.0, 0.9, 0.1, 1e-6, 0.0), (1.0, 0.9, 0.1, 1e-6, 0.01)],
    "lion": [(0.01, 0.9, 0.1, 0.99, 0.01, 0.0), (0.01, 0.9, 0.1, 0.99, 0.01, 1e-4)],
}
LAMB_CASES = [
    (name, (lr, 0.9, 0.99, 0.1, 0.01, 0.1, 0.1, 1e-6, decay))
    for name in ("lamb_norms", "lamb")
    for lr, decay in ((0.01, 0.01), (0.0, 0.0))
]
CASES = [(name, scalars) for name, values in SCALARS.items() for scalars in values]
SIZES = [1, 15, 16, 17, 4095, 4096, 4097, 9000]
MEASURED_SIZES = [
    *(1, 17, 1027),
    *(pytest.param(size, marks=pytest.mark.slow) for size in (3, 4, 255, 1023, 1024, 2048, 5003)),
]


def arrays(name: str, size: int) -> list[np.ndarray]:
    draw = np.random.default_rng(size)
    signed = [draw.standard_normal(size).astype(np.float32) for _ in range(2)]
    positive = [draw.random(size).astype(np.float32) for _ in range(RULES[name].slots)]
    return [*signed, *positive]


def native(name: str, values: list[np.ndarray], scalars: tuple, ranges=None) -> np.ndarray:
    chunks = -(-values[0].size // CHUNK)
    sums = np.zeros((chunks, 3), np.float32)
    for first, last in ranges or [(0, chunks)]:
        numbers = np.float32(scalars)
        run(update.update(name), *values, numbers, sums, values[0].size, CHUNK, first, last)
    return sums


def by_reference(name: str, values: list[np.ndarray], scalars: tuple) -> tuple:
    return reference.update(name, *values[:2], values[2:], scalars)


def measured(name: str, values: list[np.ndarray], scalars: tuple) -> list[float]:
    sums = np.empty(3)
    run(measured_update(name), *values, np.float32(scalars), values[0].size, sums)
    return sums.tolist()


@pytest.mark.parametrize(("name", "scalars"), CASES)
@pytest.mark.parametrize("size", SIZES)
def test_the_bits_are_those_of_the_reference(name: str, scalars: tuple, size: int) -> None:
    vectors, expected_arrays = arrays(name, size), arrays(name, size)
    for _ in range(3):
        sums = native(name, vectors, scalars).sum(0, dtype=np.float64)
        expected = by_reference(name, expected_arrays, scalars)
        np.testing.assert_allclose(sums, expected, rtol=1e-5)
    for one, other in zip(vectors, expected_arrays, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("cpu")
@pytest.mark.parametrize(("name", "scalars"), [*CASES, *LAMB_CASES])
@pytest.mark.parametrize("size", MEASURED_SIZES)
@pytest.mark.parametrize("bad", [None, np.nan, -np.inf, 3e38])
def test_a_measured_update_has_the_bits_of_the_reference(
    name: str, scalars: tuple, size: int, bad: float | None
) -> None:
    vectors, expected_arrays = arrays(name, size), arrays(name, size)
    if bad is not None:
        vectors[1][size // 2] = expected_arrays[1][size // 2] = bad
    sums, expected = measured(name, vectors, scalars), by_reference(name, expected_arrays, scalars)
    np.testing.assert_array_equal(sums, expected)
    for one, other in zip(vectors, expected_arrays, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", [name for name in SCALARS if RULES[name].slots])
def test_subnormal_state_becomes_zero(name: str) -> None:
    vectors, expected_arrays = arrays(name, 40), arrays(name, 40)
    smallest = np.finfo(np.float32).smallest_normal
    for values in (vectors, expected_arrays):
        values[1][...] = 0.0  # no gradient
        for slot in values[2:]:
            slot[:20], slot[20:30] = smallest, -smallest if "lion" in name else smallest
            slot[30:] = np.nan
    native(name, vectors, SCALARS[name][0])
    by_reference(name, expected_arrays, SCALARS[name][0])
    for one, other in zip(vectors[2:], expected_arrays[2:], strict=True):
        np.testing.assert_array_equal(one, other)
        assert not np.any((one != 0) & (np.abs(one) < smallest))
        assert np.isnan(one[30:]).all()


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nonfinite_gradients_have_the_bits_of_the_reference(name: str, bad: float) -> None:
    vectors, expected_arrays = arrays(name, 33), arrays(name, 33)
    vectors[1][7] = expected_arrays[1][7] = bad
    sums = native(name, vectors, SCALARS[name][0])
    by_reference(name, expected_arrays, SCALARS[name][0])
    for one, other in zip(vectors, expected_arrays, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.isfinite(sums[0, 2])


@pytest.mark.parametrize(("name", "lr_zero"), [(n, (0.0, *s[0][1:])) for n, s in SCALARS.items()])
def test_at_lr_zero_the_weights_do_not_change(name: str, lr_zero: tuple) -> None:
    values = arrays(name, 50)
    values[1][3] = np.nan
    before = values[0].copy()
    native(name, values, lr_zero)
    np.testing.assert_array_equal(values[0], before)


@pytest.mark.parametrize("name", SCALARS)
def test_any_split_of_the_chunks_has_the_same_bits(name: str) -> None:
    size = 3 * CHUNK + 100
    whole, cut = arrays(name, size), arrays(name, size)
    sums = native(name, whole, SCALARS[name][0])
    parts = native(name, cut, SCALARS[name][0], [(2, 4), (0, 1), (1, 1), (1, 2)])
    np.testing.assert_array_equal(sums, parts)
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lr", [0.01, 0.0])
@pytest.mark.parametrize("zero", ["nothing", "weights", "gradient"])
def test_lamb_in_two_passes(size: int, lr: float, zero: str) -> None:
    scalars = (lr, 0.9, 0.99, 0.1, 0.01, 0.1, 0.1, 1e-6, 0.0 if zero == "gradient" else 0.01)
    vectors = arrays("lamb", size)
    if zero != "nothing":
        vectors[0 if zero == "weights" else 1][...] = 0.0
    if zero == "gradient":
        vectors[2][...] = 0.0
    expected_arrays = [array.astype(np.float64) for array in vectors]
    sums = native("lamb_norms", vectors, scalars)
    second = np.zeros(LAMB_SCALARS, np.float32)
    run(update.trust_ratio(), sums, len(sums), np.float32(scalars), second)
    sums_of_second = native("lamb", vectors, tuple(second)).sum(0, dtype=np.float64)
    wide = tuple(map(float, np.float32(scalars)))
    expected = LambCall("lamb", tuple(expected_arrays[2:]), wide).apply(*expected_arrays[:2])
    norms = expected.update_norm, expected.weight_norm, expected.grad_norm
    np.testing.assert_allclose(sums_of_second, np.square(norms), rtol=1e-4, atol=1e-12)
    for one, other in zip(vectors, expected_arrays, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-7)
