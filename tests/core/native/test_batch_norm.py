"""Batch norm, compared with the eager one in float64."""

import numpy as np
import pytest
from row_memory import GUARD, Result, drawn, in_parts, pitched

from tuitrain_core.native.norm import batch_norm
from tuitrain_core.native.runtime.library import run
from tuitrain_core.ops.normalization import BatchNormInference, BatchNormTraining

SIZES = [(6, 5, 3), (3, 1, 18), (1, 9, 16), (4, 7, 35)]


def close(actual, expected, tolerance):
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(actual / scale, expected / scale, rtol=0, atol=tolerance)


class Case:
    """The inputs of a layer, and the eager results in float64."""

    def __init__(self, samples, pixels, channels, training, shift):
        self.training, self.samples, self.channels = training, samples, channels
        x = drawn(samples, pixels, channels) + np.float32(shift)
        self.weight, self.bias = drawn(channels, seed=1), drawn(channels, seed=2)
        self.mean = drawn(channels, seed=3) + np.float32(shift)
        self.var = drawn(channels, seed=4, low=0.5)
        self.d = drawn(samples, pixels, channels, seed=5)
        op = BatchNormTraining(0.75, 1e-4) if training else BatchNormInference(1e-4)
        wide = [array.astype(np.float64) for array in (self.weight, self.bias, self.mean, self.var)]
        y, saved = op.forward(x.astype(np.float64).transpose(0, 2, 1), *wide)
        d = self.d.astype(np.float64).transpose(0, 2, 1)
        self.y, self.running = y.transpose(0, 2, 1), wide[2:]
        self.slopes = op.backward(saved, d, [True, True, True, False, False])
        pitch = pixels * channels + GUARD
        self.sizes = batch_norm.SampleShape(pixels, channels, (pitch, pitch))
        self.x, self.tolerance = pitched(x), 3e-6 * (1 + shift)
        self.table = np.zeros((3, channels), np.float32)

    def fill(self):
        """Fill the table natively, and update the running statistics."""
        if not self.training:
            kernel = batch_norm.use_running_statistics(self.channels, 1e-4)
            run(kernel, self.weight, self.mean, self.var, self.table)
            return
        moments = np.zeros((self.samples, 2, self.channels), np.float32)
        run(batch_norm.sample_moments(self.sizes), self.x, moments, 0, self.samples)
        kernel = batch_norm.use_batch_statistics(self.sizes, 0.75, 1e-4)
        run(kernel, moments, self.samples, self.weight, self.mean, self.var, self.table)

    def sums(self, y, d, relu):
        """Return the sums of each sample, for a gradient that is masked in place with relu."""
        actual = np.zeros((self.samples, 2, self.channels), np.float32)
        kernel = batch_norm.gradient_sums(self.sizes, relu)
        run(kernel, self.x, y, d, self.table, actual, 0, self.samples)
        return actual


@pytest.fixture(params=[(s, t, shift) for s in SIZES for t in (True, False) for shift in (0, 100)])
def case(request, cpu):
    """A layer whose table is filled."""
    size, training, shift = request.param
    layer = Case(*size, training, float(shift))
    layer.fill()
    return layer


def test_the_running_statistics_change_in_training_only(case):
    np.testing.assert_allclose(case.mean, case.running[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(case.var, case.running[1], rtol=1e-4)


@pytest.mark.parametrize(("relu", "added"), [(False, False), (True, False), (True, True)])
def test_values(case, relu, added):
    y, other = Result(*case.d.shape), drawn(*case.d.shape, seed=6)
    kernel = batch_norm.normalize(case.sizes, relu, added)
    operands = case.x, case.table, case.bias, pitched(other), y.memory
    (actual,) = in_parts(kernel, *operands, total=case.samples, results=[y])
    expected = case.y + (other if added else 0.0)
    close(actual, np.maximum(expected, 0) if relu else expected, case.tolerance)


def test_relu_zeroes_the_gradient_where_it_is_off(case):
    on = drawn(*case.d.shape, seed=7)
    masked, slope = pitched(case.d * (on > 0)), pitched(case.d)
    cut = case.sums(pitched(on), slope, True)
    np.testing.assert_array_equal(cut, case.sums(0, masked, False))
    np.testing.assert_array_equal(np.abs(slope), np.abs(masked))


def test_gradients(case):
    sums, shares = case.sums(0, pitched(case.d), False), np.zeros((2, case.channels), np.float32)
    d_weight, d_bias = np.zeros((2, case.channels), np.float32)
    kernel = batch_norm.parameter_gradients(case.sizes)
    run(kernel, sums, case.samples, d_weight, d_bias, shares)
    close(d_weight, case.slopes[1], 5 * case.tolerance)
    close(d_bias, case.slopes[2], case.tolerance)
    dx = Result(*case.d.shape)
    kernel = batch_norm.input_gradient(case.sizes, case.training)
    arguments = case.x, pitched(case.d), case.table, shares, dx.memory
    (actual,) = in_parts(kernel, *arguments, total=case.samples, results=[dx])
    close(actual, case.slopes[0].transpose(0, 2, 1), 10 * case.tolerance)


def test_moments_have_the_same_bits_for_any_parts(cpu):
    x = drawn(7, 9, 21)
    sizes = batch_norm.SampleShape(9, 21, (9 * 21 + GUARD, 9 * 21 + GUARD))
    whole, parts = np.zeros((2, 7, 2, 21), np.float32)
    run(batch_norm.sample_moments(sizes), pitched(x), whole, 0, 7)
    for first, last in ((4, 7), (0, 1), (1, 4)):
        run(batch_norm.sample_moments(sizes), pitched(x), parts, first, last)
    np.testing.assert_array_equal(whole, parts)


def test_nan_reaches_only_its_channel(cpu):
    x = drawn(3, 4, 18)
    x[1, 2, 17] = np.nan
    sizes = batch_norm.SampleShape(4, 18, (72 + GUARD, 72 + GUARD))
    moments, table = np.zeros((3, 2, 18), np.float32), np.zeros((3, 18), np.float32)
    one, zero = np.ones(18, np.float32), np.zeros(18, np.float32)
    run(batch_norm.sample_moments(sizes), pitched(x), moments, 0, 3)
    kernel = batch_norm.use_batch_statistics(sizes, 0.9, 1e-5)
    run(kernel, moments, 3, one, zero.copy(), one.copy(), table)
    y = Result(3, 4, 18)
    operands = pitched(x), table, zero, 0, y.memory
    kernel = batch_norm.normalize(sizes, False, False)
    (actual,) = in_parts(kernel, *operands, total=3, results=[y])
    np.testing.assert_array_equal(np.isnan(actual).all((0, 1)), [False] * 17 + [True])
    assert np.isfinite(actual[..., :17]).all()


@pytest.mark.parametrize(("samples", "pixels"), [(5, 7), (3, 1), (1, 9), (6, 6)])
def test_without_an_eps_equal_numbers_are_nan_and_others_are_not(samples, pixels, cpu):
    x = np.full((samples, pixels, 19), 0.1, np.float32)
    x[..., 18] = drawn(samples, pixels)
    sizes = batch_norm.SampleShape(pixels, 19, (pixels * 19 + GUARD,) * 2)
    moments, table = np.zeros((samples, 2, 19), np.float32), np.zeros((3, 19), np.float32)
    one, zero = np.ones(19, np.float32), np.zeros(19, np.float32)
    mean, var = zero.copy(), one.copy()
    run(batch_norm.sample_moments(sizes, exact=True), pitched(x), moments, 0, samples)
    run(batch_norm.use_batch_statistics(sizes, 0.5, 0.0), moments, samples, one, mean, var, table)
    y = Result(samples, pixels, 19)
    kernel = batch_norm.normalize(sizes, False, False)
    (actual,) = in_parts(kernel, pitched(x), table, zero, 0, y.memory, total=samples, results=[y])
    assert np.isnan(actual[..., :18]).all()
    assert np.isfinite(actual[..., 18]).all()
    np.testing.assert_array_equal(mean[:18], np.float32(0.5) * np.float32(0.1))
    np.testing.assert_array_equal(var[:18], 0.5)


def test_numbers_that_differ_have_the_same_moments_with_and_without_an_eps(cpu):
    x, sizes = drawn(7, 9, 21), batch_norm.SampleShape(9, 21, (9 * 21 + GUARD, 9 * 21 + GUARD))
    plain, exact = np.zeros((2, 7, 2, 21), np.float32)
    run(batch_norm.sample_moments(sizes), pitched(x), plain, 0, 7)
    run(batch_norm.sample_moments(sizes, exact=True), pitched(x), exact, 0, 7)
    np.testing.assert_array_equal(plain, exact)
