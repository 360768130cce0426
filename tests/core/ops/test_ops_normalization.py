"""Batch normalization, and the running statistics that it keeps."""

import numpy as np
import pytest

from tests.core.ops import naive
from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError
from tuitrain_core.ops.normalization import BatchNormInference, BatchNormTraining

SIZES = [(2, 1), (5, 3), (2, 3, 4), (3, 2, 2, 3), (1, 2, 1, 2)]


def arrays(size):
    rng = np.random.default_rng(13)
    C = size[1]
    x = rng.standard_normal(size) * 2.0 + 1.0
    return x, rng.uniform(0.5, 2.0, C), rng.standard_normal(C)


def running(C):
    rng = np.random.default_rng(14)
    return rng.standard_normal(C), rng.uniform(0.5, 2.0, C)


class WithOwnStatistics(BatchNormTraining):
    """The training form on copies of its running statistics, which it would else overwrite."""

    def forward(self, *inputs):
        return super().forward(*inputs[:3], *(array.copy() for array in inputs[3:]))


@pytest.mark.parametrize("size", SIZES)
def test_training_normalizes_by_the_batch(size):
    x, weight, bias = arrays(size)
    mean, var = running(size[1])
    means = [np.mean(naive.channel_values(x, c)) for c in range(size[1])]
    variances = [np.var(naive.channel_values(x, c)) for c in range(size[1])]
    output, _ = WithOwnStatistics().forward(x, weight, bias, mean, var)
    expected = naive.batch_norm(x, weight, bias, means, variances, 1e-5)
    np.testing.assert_allclose(output, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", [size for size in SIZES if np.prod(size) // size[1] > 2])
def test_gradients_while_training(size):
    assert_gradients(WithOwnStatistics(), *arrays(size), *running(size[1]), constant=(3, 4))


@pytest.mark.parametrize("size", SIZES)
def test_inference_normalizes_by_what_is_given(size):
    x, weight, bias = arrays(size)
    mean, var = running(size[1])
    output, _ = BatchNormInference().forward(x, weight, bias, mean, var)
    expected = naive.batch_norm(x, weight, bias, mean, var, 1e-5)
    np.testing.assert_allclose(output, expected, rtol=1e-10, atol=1e-12)
    assert_gradients(BatchNormInference(), x, weight, bias, mean, var, constant=(3, 4))


def test_running_statistics_follow_the_batch_the_variance_unbiased():
    x, weight, bias = arrays((4, 3, 2, 2))
    mean, var = running(3)
    old_mean, old_var = mean.copy(), var.copy()
    BatchNormTraining(momentum=0.75).forward(x, weight, bias, mean, var)
    for c in range(3):
        values = naive.channel_values(x, c)
        assert mean[c] == pytest.approx(0.75 * old_mean[c] + 0.25 * np.mean(values))
        assert var[c] == pytest.approx(0.75 * old_var[c] + 0.25 * np.var(values, ddof=1))


def test_what_is_per_channel_may_have_any_shape_and_gradients_have_that_shape():
    x, weight, bias = arrays((2, 3, 2, 2))
    mean, var = running(3)
    shape = (1, 3, 1, 1)
    per_channel = [array.reshape(shape) for array in (weight, bias, mean, var)]
    for op in (BatchNormTraining(), BatchNormInference()):
        output, saved = op.forward(x, *per_channel)
        _, d_weight, d_bias, *_ = op.backward(saved, output, [False, True, True, False, False])
        assert d_weight is not None and d_weight.shape == shape
        assert d_bias is not None and d_bias.shape == shape


def test_a_constant_channel_stays_finite():
    x = np.full((4, 1, 2, 2), 3.0, np.float32)
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    output, saved = BatchNormTraining().forward(x, one, zero, zero.copy(), one.copy())
    np.testing.assert_array_equal(output, np.zeros_like(x))
    d_x, *_ = BatchNormTraining().backward(saved, np.ones_like(x), [True] + [False] * 4)
    np.testing.assert_array_equal(d_x, np.zeros_like(x))


def test_nan_spoils_its_channel_and_no_other():
    x, weight, bias = arrays((4, 3))
    x[1, 2] = np.nan
    output, _ = BatchNormTraining().forward(x, weight, bias, *running(3))
    np.testing.assert_array_equal(np.isnan(output).all(0), [False, False, True])


def test_inputs_that_do_not_fit_are_errors():
    x, weight, bias = arrays((4, 3))
    with pytest.raises(ShapeError, match=r"has 3 channels, the running mean of shape \(2,\) 2"):
        BatchNormTraining().forward(x, weight, bias, *running(2))
    with pytest.raises(ShapeError, match="at least 2 values to have a variance"):
        BatchNormTraining().forward(x[:1], weight, bias, *running(3))
    with pytest.raises(ShapeError, match=r"it must be \(N, C, ...\)"):
        BatchNormInference().forward(x[0], weight, bias, *running(3))
    with pytest.raises(CoreError, match=r"momentum is in \[0, 1\]"):
        BatchNormTraining(momentum=1.5).forward(x, weight, bias, *running(3))
    with pytest.raises(CoreError, match="the input is float64, the weight float32"):
        BatchNormInference().forward(x, weight.astype(np.float32), bias, *running(3))
