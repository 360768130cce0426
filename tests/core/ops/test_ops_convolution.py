"""Convolution, against loops over single pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.ops import naive
from tests.core.ops.op_contract import assert_gradients, relative
from tuitrain_core import CoreError, ShapeError
from tuitrain_core.ops import convolution
from tuitrain_core.ops.convolution import Conv2d

# Each: input size, output channels, kernel, stride, padding, groups.
CASES = [
    ((1, 1, 1, 1), 1, (1, 1), (1, 1), (0, 0), 1),
    ((2, 1, 5, 5), 2, (5, 5), (1, 1), (0, 0), 1),
    ((1, 3, 5, 7), 2, (3, 2), (1, 1), (1, 1), 1),
    ((3, 2, 6, 5), 4, (3, 3), (2, 2), (1, 1), 1),
    ((2, 2, 7, 4), 1, (2, 3), (3, 1), (0, 2), 1),
    ((2, 4, 4, 4), 4, (3, 3), (1, 1), (1, 1), 2),
    ((1, 3, 5, 5), 6, (3, 3), (2, 1), (1, 0), 3),
    ((1, 1, 2, 2), 1, (3, 3), (1, 1), (3, 3), 1),
]


def arrays(size, out, kernel, groups, seed=7):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(size)
    weight = rng.standard_normal((out, size[1] // groups, *kernel))
    return x, weight, rng.standard_normal((1, out, 1, 1))


@pytest.mark.parametrize(("size", "out", "kernel", "stride", "padding", "groups"), CASES)
def test_forward_and_backward(size, out, kernel, stride, padding, groups):
    x, weight, bias = arrays(size, out, kernel, groups)
    op = Conv2d(stride, padding, groups)
    expected = naive.conv2d(x, weight, bias, stride, padding, groups)
    np.testing.assert_allclose(op.forward(x, weight, bias)[0], expected, rtol=1e-10, atol=1e-12)
    assert_gradients(op, x, weight, bias)


def test_without_bias():
    x, weight, _ = arrays((2, 2, 4, 5), 3, (3, 3), 1)
    expected = naive.conv2d(x, weight, None, (1, 1), (0, 0), 1)
    np.testing.assert_allclose(Conv2d().forward(x, weight)[0], expected, rtol=1e-10, atol=1e-12)
    assert_gradients(Conv2d(), x, weight)


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 3),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    groups=st.integers(1, 3),
)
def test_any_sizes_that_fit(batch, size, kernel, stride, padding, groups):
    x, weight, bias = arrays((batch, 2 * groups, *size), groups, kernel, groups)
    op = Conv2d(stride, padding, groups)
    if any(n + 2 * p < k for n, p, k in zip(size, padding, kernel, strict=True)):
        with pytest.raises(ShapeError, match="larger than the image"):
            op.forward(x, weight, bias)
        return
    expected = naive.conv2d(x, weight, bias, stride, padding, groups)
    np.testing.assert_allclose(op.forward(x, weight, bias)[0], expected, rtol=1e-9, atol=1e-11)


def test_a_batch_cut_into_pieces_equals_one_in_a_single_piece(monkeypatch):
    x, weight, bias = arrays((7, 2, 6, 6), 3, (3, 3), 1)
    op = Conv2d((1, 1), (1, 1))
    grad = np.random.default_rng(8).standard_normal((7, 3, 6, 6))
    results = []
    for columns in (1, 2 * 2 * 9 * 36, 10**9):
        monkeypatch.setattr(convolution, "_COLUMNS", columns)
        output, saved = op.forward(x, weight, bias)
        results.append((output, *op.backward(saved, grad, [True] * 3)))
    for other in results[1:]:
        for actual, expected in zip(other, results[0], strict=True):
            assert relative(actual, expected) < 1e-13


def test_nan_and_inf_reach_the_outputs_that_see_them_and_no_others():
    x = np.zeros((2, 1, 5, 5), np.float32)
    x[0, 0, 0, 0], x[0, 0, 4, 4] = np.nan, np.inf
    output, _ = Conv2d().forward(x, np.ones((1, 1, 3, 3), np.float32))
    assert np.isnan(output[0, 0, 0, 0])
    assert output[0, 0, 2, 2] == np.inf
    assert np.isfinite(output).sum() == output.size - 2


def test_an_empty_batch_has_an_empty_output():
    output, saved = Conv2d().forward(np.zeros((0, 2, 4, 4)), np.ones((3, 2, 3, 3)))
    assert output.shape == (0, 3, 2, 2)
    d_x, d_weight = Conv2d().backward(saved, output, [True, True])
    assert d_x is not None and d_x.shape == (0, 2, 4, 4)
    np.testing.assert_array_equal(d_weight, np.zeros((3, 2, 3, 3)))


@pytest.mark.parametrize(
    ("x", "weight", "bias", "options", "message"),
    [
        (
            (1, 3, 8, 8),
            (6, 1, 5, 5),
            None,
            {},
            r"has 3 channels, the weight \(6, 1, 5, 5\) takes 1",
        ),
        ((1, 4, 8, 8), (6, 1, 5, 5), None, {"groups": 2}, "takes 1 in each of 2 groups"),
        ((1, 2, 8, 8), (3, 1, 5, 5), None, {"groups": 2}, "3 output channels do not divide"),
        ((3, 8, 8), (6, 1, 5, 5), None, {}, r"the input has shape \(3, 8, 8\); it must have 4"),
        ((1, 1, 8, 8), (6, 5, 5), None, {}, "the weight has shape"),
        ((1, 1, 4, 8), (6, 1, 5, 5), None, {}, r"the window \(5, 5\) is larger than the image"),
        ((1, 1, 8, 8), (6, 1, 5, 5), (6,), {}, r"the bias has shape \(6,\), not \(1, 6, 1, 1\)"),
        ((1, 1, 8, 8), (6, 1, 5, 5), None, {"stride": (0, 1)}, "stride are at least 1"),
        ((1, 1, 8, 8), (6, 1, 5, 5), None, {"padding": (0, -1)}, "padding at least 0"),
        ((1, 0, 8, 8), (6, 0, 5, 5), None, {}, "at least 1, not in_channels=0"),
        ((1, 1, 8, 8), (0, 1, 5, 5), None, {}, "at least 1, not out_channels=0"),
        ((1, 1, 8, 8), (6, 1, 5, 5), None, {"groups": 1.0}, "at least 1, not groups=1.0"),
        ((1, 1, 8, 8), (6, 1, 5, 5), None, {"groups": 0}, "at least 1, not groups=0"),
    ],
)
def test_inputs_that_do_not_fit_are_errors(x, weight, bias, options, message):
    given_bias = [] if bias is None else [np.ones(bias)]
    with pytest.raises(CoreError, match=message):
        Conv2d(**options).forward(np.ones(x), np.ones(weight), *given_bias)


def test_dtypes_that_differ_are_named():
    with pytest.raises(CoreError, match="the input is float64, the weight float32"):
        Conv2d().forward(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3), np.float32))
