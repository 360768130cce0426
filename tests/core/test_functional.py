"""The public functions: where they are found, what they take, what they refuse."""

import numpy as np
import pytest

from tuitrain_core import CoreError, ShapeError, Tensor
from tuitrain_core import functional as F


def test_losses_are_reached_by_each_of_their_three_names():
    assert F.cross_entropy is F.loss.cross_entropy is F.nn.cross_entropy
    assert F.square_loss is F.loss.square_loss is F.nn.square_loss


@pytest.mark.parametrize("name", sorted(set(F.nn.__all__)))
def test_functions_of_nn_are_also_functions_of_the_package(name):
    assert getattr(F, name) is getattr(F.nn, name)
    assert getattr(F, name).__doc__


def test_plain_arrays_are_accepted_as_tensors():
    x = np.array([[-1.0, 2.0]], np.float32)
    assert F.relu(x).numpy().tolist() == [[0.0, 2.0]]
    assert F.linear(x, np.ones((1, 2), np.float32)).numpy().tolist() == [[1.0]]


def test_matmul_exp_log_reshape_and_transpose():
    x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), np.float64)
    np.testing.assert_array_equal(F.matmul(x, x).numpy(), [[7, 10], [15, 22]])
    np.testing.assert_allclose(F.log(F.exp(x)).numpy(), x.numpy())
    assert F.reshape(x, (4,)).shape == (4,)
    np.testing.assert_array_equal(F.transpose(x, (1, 0)).numpy(), [[1, 3], [2, 4]])


def test_batch_norm_without_statistics_or_parameters():
    x = Tensor(np.random.default_rng(32).standard_normal((4, 3)), np.float64)
    np.testing.assert_allclose(F.batch_norm(x).numpy(), x.numpy() / np.sqrt(1 + 1e-5))
    normal = F.batch_norm(x, training=True).numpy()
    np.testing.assert_allclose(normal.mean(0), np.zeros(3), atol=1e-12)


def test_average_pooling_counts_the_padding_only_when_asked_to():
    x = Tensor(np.ones((1, 1, 2, 2)))
    assert F.avg_pool2d(x, 2, 2, 1).numpy().tolist() == [[[[1.0, 1.0], [1.0, 1.0]]]]
    counted = F.avg_pool2d(x, 2, 2, 1, mode="average").numpy()
    assert counted.tolist() == [[[[0.25, 0.25], [0.25, 0.25]]]]
    with pytest.raises(CoreError, match="mode is one of average, average_count_exclude_padding"):
        F.avg_pool2d(x, 2, mode="mean")


def test_refusals_reach_the_caller_with_their_reason():
    with pytest.raises(CoreError, match="relu: the input is int32; it must be float32 or float64"):
        F.relu(Tensor([1, 2]))
    with pytest.raises(ShapeError, match="conv2d: the input has 3 channels"):
        F.conv2d(Tensor(np.ones((1, 3, 8, 8))), Tensor(np.ones((6, 1, 5, 5))))
    with pytest.raises(ShapeError, match=r"batch_norm: the input has shape \(3,\)"):
        F.batch_norm(Tensor([1.0, 2.0, 3.0]))
    with pytest.raises(ShapeError, match="softmax: there is no axis 1"):
        F.softmax(Tensor([1.0, 2.0]), 1)


def test_shapes_may_be_given_as_lists_or_one_number():
    x = Tensor(np.ones((2, 3)))
    assert F.reshape(x, 6).shape == F.reshape(x, [6]).shape == (6,)
    assert F.transpose(x, [1, 0]).shape == (3, 2)
    with pytest.raises(CoreError, match="the order of the axes is a whole number"):
        F.transpose(x, "10")


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("eps", [-1.0, float("nan"), "1"])
def test_batch_norm_refuses_an_invalid_eps(eps, training):
    with pytest.raises(CoreError, match="batch_norm: eps is at least 0, but was given"):
        F.batch_norm(Tensor(np.ones((4, 3))), eps=eps, training=training)
