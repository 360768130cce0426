"""Pooling, against loops over the pixels of each window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.ops import naive
from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError
from tuitrain_core.ops.pooling import AvgPool2d, MaxPool2d

# Each: input size, kernel, stride, padding.
CASES = [
    ((1, 1, 1, 1), (1, 1), (1, 1), (0, 0)),
    ((2, 3, 4, 6), (2, 2), (2, 2), (0, 0)),
    ((1, 2, 5, 7), (2, 2), (2, 2), (0, 0)),
    ((2, 1, 5, 5), (3, 3), (1, 1), (1, 1)),
    ((1, 2, 7, 4), (3, 2), (2, 3), (2, 1)),
    ((1, 1, 2, 2), (2, 2), (1, 1), (1, 1)),
]


def average(pixels):
    return sum(pixels) / len(pixels)


def distinct(size, seed=9):
    """Return numbers of which no two are near one another, so that differences cross no tie."""
    count = int(np.prod(size))
    return np.random.default_rng(seed).permutation(count).reshape(size) / 8.0 - 2.0


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), CASES)
def test_maximum(size, kernel, stride, padding):
    op, x = MaxPool2d(kernel, stride, padding), distinct(size)
    expected = naive.pool2d(x, kernel, stride, padding, naive.largest)
    np.testing.assert_array_equal(op.forward(x)[0], expected)
    assert_gradients(op, x)


@pytest.mark.parametrize("count_padding", [False, True])
@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), CASES)
def test_average(size, kernel, stride, padding, count_padding):
    op, x = AvgPool2d(kernel, stride, padding, count_padding), distinct(size)
    area = kernel[0] * kernel[1]
    choose = (lambda pixels: sum(pixels) / area) if count_padding else average
    expected = naive.pool2d(x, kernel, stride, padding, choose)
    np.testing.assert_allclose(op.forward(x)[0], expected, rtol=1e-12, atol=1e-14)
    assert_gradients(op, x)


SPECIAL = st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 1.0, 1.0, np.inf, np.nan])


@settings(max_examples=60, deadline=None)
@given(
    pixels=st.lists(SPECIAL, min_size=30, max_size=30),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    data=st.data(),
)
def test_maximum_of_ties_and_of_nan(pixels, kernel, stride, data):
    padding = tuple(data.draw(st.integers(0, k - 1)) for k in kernel)
    x = np.array(pixels, np.float32).reshape(1, 1, 5, 6)
    op = MaxPool2d(kernel, stride, padding)
    output, saved = op.forward(x)
    expected = naive.pool2d(x, kernel, stride, padding, naive.largest)
    np.testing.assert_array_equal(output, expected)
    for place in np.ndindex(output.shape):  # each window's gradient goes to one pixel: the largest
        alone = np.zeros_like(output)
        alone[place] = 1.0
        (grad,) = op.backward(saved, alone, [True])
        np.testing.assert_array_equal(x[grad == 1.0], [output[place]])
        assert np.count_nonzero(grad) == 1


def test_of_equal_pixels_the_first_gets_the_gradient():
    op = MaxPool2d((2, 2), (2, 2))
    _, saved = op.forward(np.zeros((1, 1, 2, 4)))
    (grad,) = op.backward(saved, np.ones((1, 1, 1, 2)), [True])
    np.testing.assert_array_equal(grad[0, 0], [[1, 0, 1, 0], [0, 0, 0, 0]])


def test_a_gradient_that_is_not_contiguous():
    op = MaxPool2d((2, 2), (2, 2))
    _, saved = op.forward(distinct((1, 2, 4, 4)))
    grad = np.random.default_rng(1).standard_normal((2, 2, 2, 1)).T
    (actual,) = op.backward(saved, grad, [True])
    (expected,) = op.backward(saved, np.ascontiguousarray(grad), [True])
    np.testing.assert_array_equal(actual, expected)


def test_average_lets_nan_through():
    x = np.ones((1, 1, 4, 4))
    x[0, 0, 3, 3] = np.nan
    np.testing.assert_array_equal(
        np.isnan(AvgPool2d((2, 2), (2, 2)).forward(x)[0][0, 0]), [[False, False], [False, True]]
    )


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_inputs_that_do_not_fit_are_errors(kind):
    with pytest.raises(ShapeError, match=f"{kind.name}: the window"):
        kind((3, 3), (1, 1)).forward(np.ones((1, 1, 2, 4)))
    with pytest.raises(ShapeError, match="must have 4 axes"):
        kind((2, 2), (2, 2)).forward(np.ones((4, 4)))
    with pytest.raises(CoreError, match="must be smaller than the window"):
        kind((2, 2), (2, 2), (2, 0)).forward(np.ones((1, 1, 4, 4)))
    with pytest.raises(CoreError, match="it must be float32 or float64"):
        kind((2, 2), (2, 2)).forward(np.ones((1, 1, 4, 4), np.uint8))
