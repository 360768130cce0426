"""Clipping gradients, by their norm and one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tuitrain_core.errors import CoreError
from tuitrain_core.optimizer import SGD, clip_grad_norm, clip_grad_value
from tuitrain_core.tensor import Parameter, Tensor, wrap

SHAPES = [(3, 5), (1,), (), (37, 41)]


def parameters(dtype: str = "f4") -> list[Parameter]:
    """Make parameters, all but the last with a gradient."""
    generator = np.random.default_rng(0)
    params = [Parameter(generator.standard_normal(shape), dtype) for shape in (*SHAPES, (2,))]
    for param in params[:-1]:
        param.grad = wrap(generator.standard_normal(param.shape).astype(dtype))
    return params


def grads(params: list[Parameter]) -> list[np.ndarray]:
    return [param.grad.memory() for param in params if param.grad is not None]


def naive_norm(arrays: list[np.ndarray]) -> float:
    return math.sqrt(math.fsum(float(x) ** 2 for array in arrays for x in array.reshape(-1)))


@pytest.mark.parametrize(("dtype", "tolerance"), [("f4", 1e-6), ("f8", 1e-14)])
def test_all_gradients_together_come_down_to_the_norm(dtype, tolerance):
    params = parameters(dtype)
    before = [grad.copy() for grad in grads(params)]
    norm = clip_grad_norm(params, 2.5)
    assert norm == pytest.approx(naive_norm(before), rel=1e-13)
    for now, then in zip(grads(params), before, strict=True):
        np.testing.assert_allclose(now, then * (2.5 / norm), rtol=tolerance)
        assert (now.dtype, now.shape) == (np.dtype(dtype), then.shape)
    assert naive_norm(grads(params)) == pytest.approx(2.5, rel=tolerance)


@pytest.mark.parametrize("max_norm", [1e3, math.inf])
def test_a_norm_that_is_small_enough_is_only_measured(max_norm):
    params = parameters()
    before = [param.grad for param in params]
    assert clip_grad_norm(params, max_norm) == pytest.approx(naive_norm(grads(params)), rel=1e-13)
    assert [param.grad for param in params] == before


def test_a_norm_equal_to_the_limit_is_kept():
    param = Parameter([0.0, 0.0])
    param.grad = Tensor([3.0, 4.0])
    assert clip_grad_norm(param, 5.0) == 5.0
    np.testing.assert_array_equal(param.grad.numpy(), [3.0, 4.0])
    assert clip_grad_norm(param, 1.0) == 5.0
    np.testing.assert_allclose(param.grad.numpy(), [0.6, 0.8], rtol=1e-7)


def test_parameters_without_a_gradient_do_not_count():
    params = parameters()
    assert clip_grad_norm(params, 1.0) > 1.0
    clip_grad_value(params, 0.01)
    assert params[-1].grad is None
    assert clip_grad_norm([params[-1]], 1.0) == 0.0
    assert clip_grad_norm([], 1.0) == 0.0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_norm_that_is_not_finite_leaves_the_gradients_as_they_are(value):
    params = parameters()
    grads(params)[0][1, 2] = value
    before = [grad.tobytes() for grad in grads(params)]
    assert not math.isfinite(clip_grad_norm(params, 0.5))
    assert [grad.tobytes() for grad in grads(params)] == before


def test_large_and_small_gradients_have_a_norm_in_float32():
    param = Parameter(np.zeros(2, "f4"))
    for size in (1e30, 1e-30):
        param.grad = wrap(np.array([3 * size, 4 * size], "f4"))
        assert clip_grad_norm(param, size) == pytest.approx(5 * size, rel=1e-6)
        np.testing.assert_allclose(param.grad.numpy(), [0.6 * size, 0.8 * size], rtol=1e-6)


def test_the_norm_is_the_one_that_the_update_measures():
    params = parameters()
    norm = clip_grad_norm(params, math.inf)
    opt = SGD(params, lr=0.1).step()
    seen = [opt.statistics[param].grad_norm ** 2 for param in params if param.grad is not None]
    assert norm == pytest.approx(math.sqrt(sum(seen)), rel=1e-15)


def test_a_gradient_that_two_parameters_share_is_clipped_once():
    shared = Tensor([3.0, 4.0])
    a, b = Parameter([0.0, 0.0]), Parameter([0.0, 0.0])
    a.grad = b.grad = shared
    norm = clip_grad_norm([a, b, a], 1.0)
    assert norm == pytest.approx(math.sqrt(50))
    for param in (a, b):
        np.testing.assert_allclose(param.grad.numpy(), np.array([3, 4]) / norm, rtol=1e-6)
    np.testing.assert_array_equal(shared.numpy(), [3.0, 4.0])


class Transposed(Tensor):
    """A tensor whose array is not contiguous."""

    @property
    def shape(self) -> tuple[int, ...]:
        return super().shape[::-1]

    def memory(self) -> np.ndarray:
        return super().memory().T


def test_a_gradient_may_have_any_layout():
    param = Parameter(np.zeros((2, 3), "f4"))
    param.grad = Transposed(np.arange(6.0).reshape(3, 2))
    norm = clip_grad_norm(param, 1.0)
    expected = np.arange(6.0).reshape(3, 2).T
    np.testing.assert_allclose(param.grad.numpy(), expected / norm, rtol=1e-6)
    clip_grad_value(param, 0.5)
    np.testing.assert_allclose(param.grad.numpy(), np.minimum(expected / norm, 0.5), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_values_are_clipped_to_the_limit_and_nan_stays(dtype):
    param = Parameter(np.zeros(7), dtype)
    param.grad = wrap(np.array([0.25, -0.25, 0.5, 3, -np.inf, np.inf, np.nan], dtype))
    clip_grad_value(param, 0.5)
    expected = np.array([0.25, -0.25, 0.5, 0.5, -0.5, 0.5, np.nan], dtype)
    np.testing.assert_array_equal(param.grad.numpy(), expected)
    assert param.grad.dtype == dtype


def test_a_limit_beyond_float32_keeps_finite_values():
    param = Parameter(np.zeros(2, "f4"))
    param.grad = wrap(np.array([3e38, -1], "f4"))
    for limit in (1e300, math.inf):
        clip_grad_value(param, limit)
        np.testing.assert_array_equal(param.grad.numpy(), np.array([3e38, -1], "f4"))


@pytest.mark.parametrize("value", [0, -1.0, math.nan, -math.inf, True, "1", None, np.ones(2)])
def test_invalid_limits_are_refused(value):
    params = parameters()
    with pytest.raises(CoreError, match="max_norm must be a number above 0"):
        clip_grad_norm(params, value)
    with pytest.raises(CoreError, match="limit must be a number above 0"):
        clip_grad_value(params, value)


def test_values_that_are_not_parameters_are_refused():
    with pytest.raises(CoreError, match="expected a Parameter, but was given float"):
        clip_grad_norm([1.0], 1.0)  # type: ignore[list-item]
