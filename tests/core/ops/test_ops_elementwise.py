"""Arithmetic with broadcasting, and functions of each element."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import ShapeError, Tensor
from tuitrain_core import functional as F
from tuitrain_core.ops import activation, elementwise
from tuitrain_core.ops.elementwise import unbroadcast

BINARY = [
    (elementwise.Add, lambda a, b: a + b),
    (elementwise.Subtract, lambda a, b: a - b),
    (elementwise.Multiply, lambda a, b: a * b),
    (elementwise.Divide, lambda a, b: a / b),
]
UNARY = [
    (elementwise.Exp(), math.exp),
    (elementwise.Power(3.0), lambda x: x**3),
    (elementwise.Power(1.0), lambda x: x),
    (elementwise.Power(0.0), lambda x: 1.0),
    (activation.ReLU(), lambda x: max(x, 0.0)),
    (activation.Tanh(), math.tanh),
    (activation.Sigmoid(), lambda x: 1 / (1 + math.exp(-x))),
    (activation.GELU(), lambda x: x * 0.5 * math.erfc(-x / math.sqrt(2))),
    (
        activation.GELU(approximate=True),
        lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
]


@pytest.mark.parametrize(("kind", "naive"), BINARY)
@settings(max_examples=15, deadline=None)
@given(
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    seed=st.integers(0, 99),
)
def test_arithmetic_broadcasts_and_its_gradient_adds_up_again(kind, naive, shapes, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.uniform(0.5, 2.0, shape) for shape in shapes.input_shapes)
    output, _ = kind().forward(a, b)
    expected = np.empty(shapes.result_shape)
    wide_a, wide_b = np.broadcast_to(a, expected.shape), np.broadcast_to(b, expected.shape)
    for place in np.ndindex(expected.shape):
        expected[place] = naive(wide_a[place], wide_b[place])
    np.testing.assert_array_equal(output, expected)
    assert_gradients(kind(), a, b)


@pytest.mark.parametrize(("op", "naive"), UNARY)
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (2, 0)])
def test_functions_of_each_element(op, naive, shape):
    x = np.random.default_rng(3).uniform(-3.0, 3.0, shape)
    output, _ = op.forward(x)
    expected = np.array([naive(float(value)) for value in x.reshape(-1)]).reshape(shape)
    np.testing.assert_allclose(output, expected, rtol=1e-12)
    assert_gradients(op, x)


def test_logarithm_and_square_root_of_positive_numbers():
    x = np.random.default_rng(4).uniform(0.1, 3.0, (4, 3))
    np.testing.assert_allclose(elementwise.Log().forward(x)[0], np.log(x))
    np.testing.assert_allclose(elementwise.Power(0.5).forward(x)[0], np.sqrt(x))
    assert_gradients(elementwise.Log(), x)
    assert_gradients(elementwise.Power(0.5), x)


@pytest.mark.parametrize(
    "function", [F.relu, F.tanh, F.sigmoid, F.gelu, F.exp, F.log, lambda x: F.gelu(x, True)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_stays_in_its_place(function, dtype):
    x = np.linspace(0.5, 2.0, 7).astype(dtype)
    x[3] = np.nan
    result = function(Tensor(x, dtype)).numpy()
    assert result.dtype == dtype
    np.testing.assert_array_equal(np.isnan(result), np.isnan(x))


@pytest.mark.parametrize(
    ("function", "at_minus_inf", "at_inf"),
    [(F.relu, 0.0, np.inf), (F.tanh, -1.0, 1.0), (F.sigmoid, 0.0, 1.0), (F.exp, 0.0, np.inf)],
)
def test_infinite_inputs_reach_the_limits_without_a_warning(function, at_minus_inf, at_inf):
    result = function(Tensor([-np.inf, np.inf])).numpy()
    np.testing.assert_array_equal(result, np.array([at_minus_inf, at_inf], np.float32))


def test_sigmoid_and_gelu_keep_their_precision_far_to_the_left():
    assert F.sigmoid(Tensor([-80.0])).item() == pytest.approx(math.exp(-80.0), rel=1e-5)
    expected = -10.0 * 0.5 * math.erfc(10.0 / math.sqrt(2.0))
    assert F.gelu(Tensor([-10.0])).item() == pytest.approx(expected, rel=1e-5)


def test_the_gradient_of_relu_at_zero_is_zero():
    op = activation.ReLU()
    _, saved = op.forward(np.array([-1.0, 0.0, 2.0]))
    (grad,) = op.backward(saved, np.ones(3), [True])
    np.testing.assert_array_equal(grad, [0.0, 0.0, 1.0])


def test_power_zero_has_no_gradient_even_at_zero():
    op = elementwise.Power(0.0)
    _, saved = op.forward(np.zeros(2))
    np.testing.assert_array_equal(op.backward(saved, np.ones(2), [True])[0], [0.0, 0.0])


def test_unbroadcast_keeps_an_array_that_was_not_repeated():
    grad = np.ones((2, 3))
    assert unbroadcast(grad, np.zeros((2, 3))) is grad


@pytest.mark.parametrize("kind", [kind for kind, _ in BINARY])
def test_shapes_that_do_not_fit_are_named(kind):
    with pytest.raises(
        ShapeError, match=rf"{kind.name}: the shapes \(2, 3\) and \(4,\) do not fit"
    ):
        kind().forward(np.ones((2, 3)), np.ones(4))


@pytest.mark.parametrize("size", [1e-25, 1e25])
def test_the_gradient_of_a_divisor_whose_square_float32_cannot_hold(size):
    a, b = np.array([2 * size], "f4"), np.array([size], "f4")
    _, saved = elementwise.Divide().forward(a, b)
    _, d_b = elementwise.Divide().backward(saved, np.array([size], "f4"), [False, True])
    np.testing.assert_allclose(d_b, [-2.0], rtol=1e-6)
