"""Norms and clipping have the bits of the eager tier; stop checks detect what they watch for."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from fenced_memory import fenced
from row_memory import drawn

from tuitrain_core.native.optim import gradient_norms
from tuitrain_core.native.runtime import stop_checks
from tuitrain_core.native.runtime.library import run
from tuitrain_core.optimizer import clip_grad_norm, clip_grad_value, reference
from tuitrain_core.tensor import Parameter, Tensor

pytestmark = pytest.mark.usefixtures("cpu")

SIZES = [1, 2, 3, 4, 5, 63, 64, 66, 1023, 1024, 1025, 1027, 3 * 1024 + 259, 9000]


def square_sum(array: np.ndarray, cuts: list[int]) -> float:
    lanes, sums = np.full((2, gradient_norms.LANES), 9.0), np.zeros(2)
    for first, last in itertools.pairwise(cuts):
        run(gradient_norms.square_sums(), array, array.size, lanes[1], first, last)
    run(gradient_norms.sum_lane_rows(), lanes, sums, 1, 2)
    assert (lanes[0] == 9.0).all()
    assert sums[0] == 0.0
    return sums[1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("bad", [None, np.nan, np.inf])
def test_a_sum_of_squares_has_the_bits_of_the_eager_one(size: int, bad: float | None) -> None:
    array = drawn(size, seed=size) * np.float32(1e-3)
    if bad is not None:
        array[size // 2] = bad
    expected = reference.square_sum(array)
    for cuts in ([0, 256], [0, 16, 256], [0, 48, 48, 160, 256]):
        np.testing.assert_array_equal(square_sum(fenced(array), cuts), expected)


def with_gradients(*sizes: int) -> list[Parameter]:
    parameters = [Parameter(np.zeros(size, np.float32)) for size in sizes]
    for parameter in parameters:
        parameter.grad = Tensor(drawn(parameter.size, seed=parameter.size))
    return parameters


def gradient(parameter: Parameter) -> np.ndarray:
    assert parameter.grad is not None
    return parameter.grad.memory()


def run_reversed(kernel, array: np.ndarray, number: float) -> np.ndarray:
    """Run a kernel over all chunks, the last one first."""
    result, operand = fenced(array), np.float32([number])
    for chunk in reversed(range(-(-array.size // gradient_norms.CHUNK_SIZE))):
        run(kernel, result, operand, array.size, chunk, chunk + 1)
    return result


@pytest.mark.parametrize("limit", [1e-3, 1.0, 50.0, 1e6, math.inf])
def test_clipping_by_the_norm_has_the_bits_of_the_eager_one(limit: float) -> None:
    parameters = with_gradients(3, 700, 9000, 1)
    before = [gradient(parameter).copy() for parameter in parameters]
    sums = np.array([reference.square_sum(array) for array in before])
    factor = np.zeros(1, np.float32)
    run(gradient_norms.clip_factor(), sums, len(sums), np.array([limit]), factor)
    clip_grad_norm(parameters, limit)
    for array, parameter in zip(before, parameters, strict=True):
        actual = run_reversed(gradient_norms.scale(), array, factor[0])
        np.testing.assert_array_equal(actual, gradient(parameter))
    assert (factor[0] == 1.0) == (limit > 100)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_nonfinite_norm_changes_nothing(bad: float) -> None:
    factor = np.zeros(1, np.float32)
    run(gradient_norms.clip_factor(), np.array([1.0, bad]), 2, np.array([0.5]), factor)
    assert factor[0] == 1.0


@pytest.mark.parametrize("limit", [1e-3, 0.7, 1e6])
def test_clipping_by_the_value_has_the_bits_of_the_eager_one(limit: float) -> None:
    (parameter,) = with_gradients(4099)
    array = gradient(parameter)
    array[:4] = np.nan, np.inf, -np.inf, -0.0
    actual = run_reversed(gradient_norms.clamp(), array, limit)
    clip_grad_value(parameter, limit)
    np.testing.assert_array_equal(actual, gradient(parameter))


def word_of(kernel, *arguments) -> int:
    word = np.zeros(1, np.int64)
    run(kernel, *arguments, word)
    return int(word[0])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_nonfinite_values_are_detected(bad: float) -> None:
    sums, loss = np.arange(5.0), np.array([2.0])
    assert word_of(stop_checks.not_finite(), sums, 5, loss) == 0
    assert word_of(stop_checks.not_finite(), sums, 5, np.array([bad])) == 1
    assert word_of(stop_checks.not_finite(), sums, 0, np.array([bad])) == 1
    sums[3] = abs(bad)
    assert word_of(stop_checks.not_finite(), sums, 5, loss) == 1
    assert word_of(stop_checks.not_finite(), sums, 3, loss) == 0


def test_a_norm_above_its_limit_is_detected() -> None:
    sums, which = np.array([1.0, 100.0, 2.0, math.inf]), np.array([0, 2], np.int64)
    for limit, expected in ((2.9, 1), (3.0, 1), (3.0 + 1e-7, 0), (0.0, 1)):
        assert word_of(stop_checks.norm_above(), sums, which, 2, np.array([limit])) == expected
    assert word_of(stop_checks.norm_above(), np.zeros(3), which, 2, np.zeros(1)) == 0
    assert word_of(stop_checks.norm_above(), sums, np.array([3]), 1, np.array([5.0])) == 1
    assert (
        word_of(stop_checks.norm_above(), np.array([math.nan]), np.array([0]), 1, np.array([5.0]))
        == 0
    )


def test_a_loss_above_the_mean_of_earlier_losses_is_detected() -> None:
    losses = np.array([100.0, math.nan, 1.0, 2.0, math.inf, 3.0, 4.0])
    for factor, min_count, expected in (
        *((1.9, 3, 1), (2.0, 3, 1), (2.001, 3, 0)),
        *((1.9, 4, 0), (0.0, 3, 1), (0.0, 4, 0)),
    ):
        operands = losses[6:], np.array([factor]), 5, min_count
        assert word_of(stop_checks.loss_above(), *operands) == expected
    assert word_of(stop_checks.loss_above(), losses[6:], np.zeros(1), 0, 0) == 0
    assert word_of(stop_checks.loss_above(), losses[4:], np.array([3.0]), 2, 1) == 1
