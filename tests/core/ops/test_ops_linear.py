"""Matrix products."""

import numpy as np
import pytest

from tests.core.ops import naive
from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError
from tuitrain_core.ops import linear


def values(*sizes):
    return np.random.default_rng(6).standard_normal(sizes)


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (3, 5, 2), (1, 7, 4), (4, 1, 3)])
def test_matmul_of_two_matrices(m, k, n):
    a, b = values(m, k), values(k, n)
    np.testing.assert_allclose(linear.MatMul().forward(a, b)[0], naive.matmul(a, b), rtol=1e-12)
    assert_gradients(linear.MatMul(), a, b)


@pytest.mark.parametrize(
    ("left", "right"),
    [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((4, 1, 2, 3), (5, 3, 2)), ((3,), (2, 3, 4))],
)
def test_matmul_of_rows_columns_and_stacks(left, right):
    a, b = values(*left), values(*right)
    np.testing.assert_allclose(linear.MatMul().forward(a, b)[0], np.matmul(a, b))
    assert_gradients(linear.MatMul(), a, b)


@pytest.mark.parametrize("lead", [(1,), (3,), (2, 3), ()])
@pytest.mark.parametrize("with_bias", [False, True])
def test_linear(lead, with_bias):
    x, weight = values(*lead, 5), values(4, 5)
    bias = [values(4)] if with_bias else []
    output, _ = linear.Linear().forward(x, weight, *bias)
    expected = naive.matmul(x.reshape(-1, 5), weight.T) + (bias[0] if bias else 0.0)
    np.testing.assert_allclose(output, expected.reshape(*lead, 4), rtol=1e-12)
    assert_gradients(linear.Linear(), x, weight, *bias)


def test_linear_lets_nan_through_to_its_own_row_only():
    x = np.ones((3, 2), np.float32)
    x[1, 0] = np.nan
    output, _ = linear.Linear().forward(x, np.ones((4, 2), np.float32))
    np.testing.assert_array_equal(np.isnan(output).any(1), [False, True, False])


def test_shapes_and_dtypes_that_do_not_fit_are_named():
    with pytest.raises(ShapeError, match=r"linear: the input of shape \(2, 3\) ends in \(3,\)"):
        linear.Linear().forward(values(2, 3), values(4, 5))
    with pytest.raises(ShapeError, match=r"the bias has shape \(5,\), not \(4,\)"):
        linear.Linear().forward(values(2, 5), values(4, 5), values(5))
    with pytest.raises(ShapeError, match="the weight has shape"):
        linear.Linear().forward(values(2, 5), values(5))
    with pytest.raises(ShapeError, match="matmul: the shapes"):
        linear.MatMul().forward(values(2, 3), values(2, 3))
    with pytest.raises(CoreError, match="the input is float64, the weight float32"):
        linear.Linear().forward(values(2, 5), values(4, 5).astype(np.float32))
    with pytest.raises(CoreError, match="the input is uint8; it must be float32 or float64"):
        linear.Linear().forward(np.ones((2, 5), np.uint8), values(4, 5))


def test_linear_of_no_features_is_its_bias_and_of_no_rows_has_none():
    output, saved = linear.Linear().forward(values(2, 0), values(3, 0), np.arange(3.0))
    np.testing.assert_array_equal(output, [[0, 1, 2]] * 2)
    d_x, d_weight, d_bias = linear.Linear().backward(saved, np.ones((2, 3)), [True] * 3)
    assert (d_x.shape, d_weight.shape, d_bias.tolist()) == ((2, 0), (3, 0), [2, 2, 2])
    output, saved = linear.Linear().forward(values(0, 4), values(3, 4), np.arange(3.0))
    assert output.shape == (0, 3)
    assert not linear.Linear().backward(saved, output, [True] * 3)[1].any()
