"""Batch norm, against the eager one in float64."""

import numpy as np
import pytest
from rows import GUARD, Result, drawn, in_parts, pitched

from tuitrain_core.native import normalization
from tuitrain_core.native.library import run
from tuitrain_core.ops.normalization import BatchNormInference, BatchNormTraining

SIZES = [(6, 5, 3), (3, 1, 18), (1, 9, 16), (4, 7, 35)]


def close(found, expected, tolerance):
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("samples", "pixels", "channels"), SIZES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_values_and_gradients(samples, pixels, channels, training, shift, cpu):
    x = drawn(samples, pixels, channels) + np.float32(shift)
    weight, bias = drawn(channels, seed=1), drawn(channels, seed=2)
    mean, var = drawn(channels, seed=3) + np.float32(shift), drawn(channels, seed=4, low=0.5)
    d = drawn(samples, pixels, channels, seed=5)
    op = BatchNormTraining(0.75, 1e-4) if training else BatchNormInference(1e-4)
    running = mean.astype(np.float64), var.astype(np.float64)
    turned = x.astype(np.float64).transpose(0, 2, 1)
    expected, saved = op.forward(turned, weight.astype("f8"), bias.astype("f8"), *running)
    slopes = op.backward(saved, d.astype("f8").transpose(0, 2, 1), [True, True, True])

    pitch = pixels * channels + GUARD
    sizes = normalization.Pixels(pixels, channels, (pitch, pitch))
    table = np.zeros((3, channels), np.float32)
    given, tolerance = pitched(x), 3e-6 * (1 + shift)
    if training:
        dense = np.zeros((samples, 2, channels), np.float32)
        run(normalization.moments(sizes), given, dense, 0, samples)
        kernel = normalization.by_batch(sizes, 0.75, 1e-4)
        run(kernel, dense, samples, weight, mean, var, table)
        np.testing.assert_allclose(mean, running[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(var, running[1], rtol=1e-4)
    else:
        run(normalization.by_running(channels, 1e-4), weight, mean, var, table)
    y, other = Result(samples, pixels, channels), drawn(samples, pixels, channels, seed=6)
    for relu, added in ((False, False), (True, False), (True, True)):
        kernel = normalization.normalize(sizes, relu, added)
        more = pitched(other)
        (found,) = in_parts(kernel, given, table, bias, more, y.memory, total=samples, results=[y])
        right = expected.transpose(0, 2, 1) + (other if added else 0.0)
        close(found, np.maximum(right, 0) if relu else right, tolerance)

    sums, shares = np.zeros((samples, 2, channels), np.float32), np.zeros((2, channels), "f4")
    # What ReLU has cut off has no slope: held against a gradient that is 0 there already.
    on = drawn(samples, pixels, channels, seed=7)
    masked, slope = pitched(d * (on > 0)), pitched(d)
    cut = np.zeros_like(sums)
    run(normalization.gradient_sums(sizes, False), given, 0, masked, table, sums, 0, samples)
    kernel = normalization.gradient_sums(sizes, True)
    run(kernel, given, pitched(on), slope, table, cut, 0, samples)
    np.testing.assert_array_equal(cut, sums)
    np.testing.assert_array_equal(np.abs(slope), np.abs(masked))
    run(normalization.gradient_sums(sizes, False), given, 0, pitched(d), table, sums, 0, samples)
    d_weight, d_bias = np.zeros((2, channels), np.float32)
    run(normalization.parameter_gradients(sizes), sums, samples, d_weight, d_bias, shares)
    close(d_weight, slopes[1], 5 * tolerance)
    close(d_bias, slopes[2], tolerance)
    dx = Result(samples, pixels, channels)
    kernel = normalization.input_gradient(sizes, training)
    arguments = given, pitched(d), table, shares, dx.memory
    (found,) = in_parts(kernel, *arguments, total=samples, results=[dx])
    close(found, slopes[0].transpose(0, 2, 1), 10 * tolerance)


def test_moments_have_the_same_bits_for_any_parts(cpu):
    x = drawn(7, 9, 21)
    sizes = normalization.Pixels(9, 21, (9 * 21 + GUARD, 9 * 21 + GUARD))
    whole, parts = np.zeros((2, 7, 2, 21), np.float32)
    run(normalization.moments(sizes), pitched(x), whole, 0, 7)
    for first, last in ((4, 7), (0, 1), (1, 4)):
        run(normalization.moments(sizes), pitched(x), parts, first, last)
    np.testing.assert_array_equal(whole, parts)


def test_nan_spoils_its_channel_and_no_other(cpu):
    x = drawn(3, 4, 18)
    x[1, 2, 17] = np.nan
    sizes = normalization.Pixels(4, 18, (72 + GUARD, 72 + GUARD))
    moments, table = np.zeros((3, 2, 18), np.float32), np.zeros((3, 18), np.float32)
    one, zero = np.ones(18, np.float32), np.zeros(18, np.float32)
    run(normalization.moments(sizes), pitched(x), moments, 0, 3)
    kernel = normalization.by_batch(sizes, 0.9, 1e-5)
    run(kernel, moments, 3, one, zero.copy(), one.copy(), table)
    y = Result(3, 4, 18)
    given = pitched(x), table, zero, 0, y.memory
    kernel = normalization.normalize(sizes, False, False)
    (found,) = in_parts(kernel, *given, total=3, results=[y])
    np.testing.assert_array_equal(np.isnan(found).all((0, 1)), [False] * 17 + [True])
    assert np.isfinite(found[..., :17]).all()
