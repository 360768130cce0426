"""Softmax, cross entropy and square loss."""

import math

import numpy as np
import pytest

from tests.core.ops import naive
from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError, Tensor
from tuitrain_core import functional as F
from tuitrain_core.autodiff import GradManager
from tuitrain_core.ops.loss import CrossEntropy, SquareLoss
from tuitrain_core.ops.softmax import LogSoftmax, Softmax

REDUCE = {"mean": np.mean, "sum": np.sum, "none": np.asarray}


def logits(*sizes):
    return np.random.default_rng(10).standard_normal(sizes) * 2.0


def labels(classes, *sizes):
    return np.random.default_rng(11).integers(0, classes, sizes)


@pytest.mark.parametrize(("sizes", "axis"), [((1,), 0), ((3, 5), -1), ((3, 1), 1), ((2, 3, 4), 1)])
def test_softmax_and_its_logarithm(sizes, axis):
    x = logits(*sizes)
    expected = np.array([math.exp(value) for value in x.reshape(-1)]).reshape(sizes)
    expected /= expected.sum(axis, keepdims=True)
    np.testing.assert_allclose(Softmax(axis).forward(x)[0], expected, rtol=1e-12)
    np.testing.assert_allclose(LogSoftmax(axis).forward(x)[0], np.log(expected), rtol=1e-10)
    assert_gradients(Softmax(axis), x)
    assert_gradients(LogSoftmax(axis), x)


def test_softmax_neither_overflows_nor_hides_nan():
    np.testing.assert_allclose(F.softmax(Tensor([1e30, 1e30, -1e30])).numpy(), [0.5, 0.5, 0.0])
    assert np.isnan(F.softmax(Tensor([0.0, math.nan])).numpy()).all()
    assert np.isnan(F.logsoftmax(Tensor([0.0, math.inf])).numpy()).any()


@pytest.mark.parametrize("smooth", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("batch", "classes"), [(1, 1), (1, 4), (5, 3)])
def test_cross_entropy(batch, classes, reduction, smooth):
    x, label = logits(batch, classes), labels(classes, batch)
    op = CrossEntropy(label_smooth=smooth, reduction=reduction)
    expected = REDUCE[reduction](naive.cross_entropy(x, label, smooth))
    np.testing.assert_allclose(op.forward(x, label)[0], expected, rtol=1e-10, atol=1e-14)
    assert_gradients(op, x, label, constant=(1,))


def test_cross_entropy_of_probabilities():
    probabilities = F.softmax(logits(4, 3), 1).numpy()
    label = labels(3, 4)
    op = CrossEntropy(with_logits=False, label_smooth=0.2)
    expected = naive.cross_entropy(logits(4, 3), label, 0.2).mean()
    np.testing.assert_allclose(op.forward(probabilities, label)[0], expected, rtol=1e-10)
    assert_gradients(op, probabilities, label, constant=(1,))


def test_a_certain_probability_leaves_the_impossible_classes_without_a_slope():
    op = CrossEntropy(with_logits=False)
    loss, saved = op.forward(np.array([[1.0, 0.25]]), np.array([1]))
    assert loss == pytest.approx(math.log(4.0))
    np.testing.assert_array_equal(op.backward(saved, np.array(1.0), [True, False])[0], [[0, -4]])
    probabilities = Tensor([[1.0, 0.0]])
    with GradManager().attach(probabilities) as gm:
        gm.backward(F.cross_entropy(probabilities, np.array([0]), with_logits=False))
    np.testing.assert_array_equal(probabilities.grad.numpy(), [[-1.0, 0.0]])


@pytest.mark.parametrize("axis", [1, -1, 0])
def test_cross_entropy_with_its_classes_on_any_axis(axis):
    sizes = [2, 3]
    sizes.insert(axis % 3, 4)
    x, label = logits(*sizes), labels(4, 2, 3)
    op = CrossEntropy(axis=axis, label_smooth=0.1)
    rows = np.moveaxis(x, axis, -1).reshape(-1, 4)
    expected = naive.cross_entropy(rows, label.reshape(-1), 0.1).mean()
    np.testing.assert_allclose(op.forward(x, label)[0], expected, rtol=1e-10)
    assert_gradients(op, x, label, constant=(1,))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_labels_of_any_whole_dtype(dtype):
    x, label = logits(5, 3), labels(3, 5)
    expected, _ = CrossEntropy().forward(x, label)
    assert CrossEntropy().forward(x, label.astype(dtype))[0] == expected


def test_large_logits_neither_overflow_nor_hide_nan():
    assert F.nn.cross_entropy(Tensor([[1e30, 0.0]]), np.array([0])).item() == 0.0
    assert math.isnan(F.nn.cross_entropy(Tensor([[math.nan, 0.0]]), np.array([1])).item())
    assert F.nn.cross_entropy(Tensor([[-math.inf, 0.0]]), np.array([0])).item() == math.inf


@pytest.mark.parametrize(
    ("label", "options", "message"),
    [
        ([0, 1, 3], {}, r"the label at \(2,\) is 3; with 3 classes it must be 0 to 2"),
        ([0, -1, 2], {}, r"the label at \(1,\) is -1"),
        ([0.0, 1.0, 2.0], {}, "labels are whole numbers, but are float64"),
        ([True, False, True], {}, "but are bool"),
        ([0, 1], {}, r"the labels have shape \(2,\); .* needs \(3,\)"),
        ([[0], [1], [2]], {}, r"the labels have shape \(3, 1\)"),
        ([0, 1, 2], {"reduction": "avg"}, "one of mean, sum, none, but was given 'avg'"),
        ([0, 1, 2], {"label_smooth": 1.0}, r"label_smooth is in \[0, 1\), not 1.0"),
        ([0, 1, 2], {"label_smooth": math.nan}, "label_smooth"),
        ([0, 1, 2], {"axis": 2}, "there is no axis 2"),
    ],
)
def test_what_cross_entropy_refuses_is_named(label, options, message):
    with pytest.raises(CoreError, match=message):
        CrossEntropy(**options).forward(logits(3, 3), np.array(label))


def test_losses_of_nothing_are_errors():
    with pytest.raises(ShapeError, match="cross_entropy: the batch is empty"):
        CrossEntropy().forward(np.zeros((0, 3)), np.zeros(0, np.int64))
    with pytest.raises(ShapeError, match="square_loss: the batch is empty"):
        SquareLoss().forward(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(ShapeError, match="there is no class"):
        CrossEntropy().forward(np.zeros((2, 0)), np.zeros(2, np.int64))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("sizes", [(), (1,), (3, 4)])
def test_square_loss(sizes, reduction):
    a, b = logits(*sizes), np.random.default_rng(12).standard_normal(sizes)
    expected = REDUCE[reduction]((a - b) ** 2)
    np.testing.assert_allclose(SquareLoss(reduction).forward(a, b)[0], expected, rtol=1e-12)
    assert_gradients(SquareLoss(reduction), a, b)


def test_square_loss_takes_whole_labels_and_shapes_that_broadcast():
    assert F.loss.square_loss(Tensor([1.0, 3.0]), Tensor([1, 2])).item() == 0.5
    assert F.loss.square_loss(Tensor([1.0, 3.0]), Tensor([[1.0], [2.0]])).item() == 1.5
    with pytest.raises(ShapeError, match=r"the shapes \(2,\) and \(3,\) do not fit"):
        F.loss.square_loss(Tensor([1.0, 3.0]), Tensor([1.0, 2.0, 3.0]))


def test_the_gradient_of_labels_has_their_dtype():
    label = Tensor(np.array([1.0, 2.0]), np.float64)
    with GradManager().attach(label) as gm:
        gm.backward(F.square_loss(Tensor([2.0, 4.0]), label))
    assert label.grad.dtype == np.float64
    np.testing.assert_array_equal(label.grad.numpy(), [-1.0, -2.0])
