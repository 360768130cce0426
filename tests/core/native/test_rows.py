"""Softmax, layer norm, spatial means and transposes, compared with float64."""

import numpy as np
import pytest
from row_memory import GUARD, Result, drawn, in_parts, pitched

from tuitrain_core.native.elementwise import movement
from tuitrain_core.native.norm import layer_norm, softmax
from tuitrain_core.native.pool import spatial_mean
from tuitrain_core.ops.layer_norm import LayerNorm
from tuitrain_core.ops.softmax import Softmax

SIZES = [1, 2, 15, 16, 17, 28, 70, 133]


def wide(*arrays):
    return [array.astype(np.float64) for array in arrays]


@pytest.mark.parametrize("features", SIZES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 40.0])
def test_softmax(features, scale, cpu):
    x, d = drawn(5, features) * np.float32(scale), drawn(5, features, seed=1)
    y, dx, pitch = Result(5, features), Result(5, features), features + GUARD
    kernel = softmax.softmax(features, pitch, pitch)
    (actual,) = in_parts(kernel, pitched(x), y.memory, total=5, results=[y])
    expected, saved = Softmax().forward(*wide(x))
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-30)
    kernel = softmax.gradient(features, pitch, pitch)
    (slopes,) = in_parts(kernel, y.memory, pitched(d), dx.memory, total=5, results=[dx])
    np.testing.assert_allclose(slopes, Softmax().backward(saved, *wide(d), [True])[0], atol=1e-6)


def test_softmax_of_masked_and_of_nonfinite_values(cpu):
    x = drawn(4, 20)
    x[0, 3:] = -np.inf
    x[1, 19], x[2, 0], x[3] = np.nan, np.inf, -np.inf
    y = Result(4, 20)
    kernel = softmax.softmax(20, 20 + GUARD, 20 + GUARD)
    (actual,) = in_parts(kernel, pitched(x), y.memory, total=4, results=[y])
    with np.errstate(all="ignore"):
        expected, _ = Softmax().forward(*wide(x))
    np.testing.assert_allclose(actual[0], expected[0], rtol=1e-5)
    assert (actual[0, 3:] == 0.0).all()
    np.testing.assert_array_equal(np.isnan(actual[1]), np.isnan(expected[1]))
    assert np.isnan(actual[2:]).any(1).all()


@pytest.mark.parametrize("features", SIZES)
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shift", [0.0, 300.0])
def test_layer_norm(features, affine, shift, cpu):
    x, d = drawn(7, features) + np.float32(shift), drawn(7, features, seed=1)
    weight, bias = drawn(features, seed=2), drawn(features, seed=3)
    y, dx, pitch = Result(7, features), Result(7, features), features + GUARD
    arguments = [weight, bias] if affine else []
    op, rows = LayerNorm((features,)), layer_norm.RowShape(features, pitch, pitch, affine)
    statistics = np.zeros((7, 2), np.float32)
    parameters = arguments or [0, 0]
    (actual,) = in_parts(
        layer_norm.normalize(rows, op.eps),
        *(pitched(x), *parameters, y.memory, statistics),
        total=7,
        results=[y],
    )
    expected, saved = op.forward(*wide(x, *arguments))
    # The rounding of x limits the precision behind a large mean.
    tolerance = 2e-6 + 2e-7 * shift
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=20 * tolerance)
    slopes = op.backward(saved, *wide(d), [True] * (1 + len(arguments)))
    (d_x,) = in_parts(
        layer_norm.input_gradient(rows),
        *(pitched(x), parameters[0], pitched(d), statistics, dx.memory),
        total=7,
        results=[dx],
    )
    scale = max(1.0, np.abs(slopes[0]).max())
    np.testing.assert_allclose(d_x / scale, slopes[0] / scale, atol=20 * tolerance)
    if affine:
        actual = [Result(1, features), Result(1, features)]
        arguments = pitched(x), pitched(d), statistics, *(result.memory for result in actual), 7
        kernel = layer_norm.parameter_gradients(rows)
        parts = in_parts(kernel, *arguments, total=features, granule=16, results=actual)
        for part, expected in zip(parts, slopes[1:], strict=True):
            np.testing.assert_allclose(part[0], expected, atol=100 * tolerance)


def test_nan_reaches_only_its_row(cpu):
    x = drawn(3, 21)
    x[1, 20] = np.nan
    y, rows = Result(3, 21), layer_norm.RowShape(21, 21 + GUARD, 21 + GUARD, False)
    arguments = pitched(x), 0, 0, y.memory, np.zeros((3, 2), np.float32)
    (actual,) = in_parts(layer_norm.normalize(rows, 1e-5), *arguments, total=3, results=[y])
    np.testing.assert_array_equal(np.isnan(actual).all(1), [False, True, False])
    assert np.isfinite(actual[::2]).all()


@pytest.mark.parametrize("channels", [1, 5, 16, 35])
@pytest.mark.parametrize("pixels", [1, 3, 9])
def test_spatial_means(pixels, channels, cpu):
    x, d = drawn(4, pixels, channels), drawn(4, channels, seed=1)
    y, dx = Result(4, channels), Result(4, pixels, channels)
    pitches = pixels * channels + GUARD, channels + GUARD
    kernel = spatial_mean.scaled_sum(pixels, channels, *pitches, 0.25)
    (actual,) = in_parts(kernel, pitched(x), y.memory, total=4, results=[y])
    np.testing.assert_allclose(actual, 0.25 * x.sum(1, dtype=np.float64), atol=1e-6)
    kernel = spatial_mean.scaled_sum_gradient(pixels, channels, *pitches[::-1], 0.25)
    (slopes,) = in_parts(kernel, pitched(d), dx.memory, total=4, results=[dx])
    np.testing.assert_array_equal(slopes, np.broadcast_to(0.25 * d[:, None], x.shape))


@pytest.mark.parametrize(
    ("sizes", "order"),
    [((5,), (0,)), ((3, 18), (1, 0)), ((3, 2, 17), (1, 0, 2)), ((3, 2, 17), (2, 0, 1))],
)
def test_transposes(sizes, order, cpu):
    x = drawn(4, *sizes)
    expected = x.transpose(0, *(axis + 1 for axis in order))
    y, pitch = Result(*expected.shape), x[0].size + GUARD
    kernel = movement.transpose(sizes, order, pitch, pitch)
    (actual,) = in_parts(kernel, pitched(x), y.memory, total=4, results=[y])
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("features", [1, 3, 7, 16, 21, 53])
@pytest.mark.parametrize("value", [0.1, -2.7, 1e-3])
def test_without_an_eps_a_row_of_equal_numbers_is_nan_and_others_are_not(features, value, cpu):
    x = drawn(3, features)
    x[1] = value
    y, rows = Result(3, features), layer_norm.RowShape(features, *[features + GUARD] * 2, False)
    arguments = pitched(x), 0, 0, y.memory, np.zeros((3, 2), np.float32)
    (actual,) = in_parts(layer_norm.normalize(rows, 0.0), *arguments, total=3, results=[y])
    equal = [True] * 3 if features == 1 else [False, True, False]
    np.testing.assert_array_equal(np.isnan(actual).all(1), equal)
    np.testing.assert_array_equal(np.isfinite(actual).all(1), np.logical_not(equal))
