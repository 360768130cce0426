"""Operations that MegEngine's scripts use: the contract of `Op`, and plain NumPy as the oracle."""

import math

import numpy as np
import pytest

from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, IndexRangeError, ShapeError, Tensor, tensor
from tuitrain_core import functional as F
from tuitrain_core.ops.convolution import Conv2d, ConvTranspose2d
from tuitrain_core.ops.elementwise import AsType
from tuitrain_core.ops.joining import BroadcastTo, Concat, Dilate, Pad, Repeat, Tile
from tuitrain_core.ops.paired import Atan2, Clip, Maximum, Modulo, PowerOf, Where
from tuitrain_core.ops.reduction import Extreme, Product
from tuitrain_core.ops.selection import CumulativeSum, Gather, Inverse, Scatter
from tuitrain_core.ops.shape import SetItem
from tuitrain_core.ops.unary import EXACT, FUNCTIONS, Unary


def values(*shape, low=-2.0, high=2.0, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape)


RANGES = {"sqrt": (0.5, 3), "acosh": (1.5, 3), "log1p": (-0.5, 3)}
UNIT = {"asin", "acos", "atanh", "tan"}


@pytest.mark.parametrize("function", [*FUNCTIONS, *EXACT])
def test_functions_of_an_element(function):
    low, high = (-0.9, 0.9) if function in UNIT else RANGES.get(function, (-2.4, 2.4))
    assert_gradients(Unary(function), values(3, 5, low=low, high=high))


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        (Maximum(), [(3, 4), (4,)]),
        (Maximum(largest=False), [(3, 1), (1, 4)]),
        (Modulo(), [(3, 4), (4,)]),
        (Atan2(), [(3, 4), (3, 1)]),
        (Concat(1), [(2, 3, 2), (2, 1, 2), (2, 2, 2)]),
        (BroadcastTo((2, 3, 4)), [(3, 1)]),
        (Repeat(3, -1), [(2, 3)]),
        (Tile((2, 1, 3)), [(1, 3, 2)]),
        (Pad(((1, 0), (0, 2)), value=3.0), [(2, 3)]),
        (Pad(((1, 1), (2, 0)), "replicate"), [(2, 3)]),
        (Pad(((0, 0), (2, 2)), "reflect"), [(2, 3)]),
        (Dilate((2, 3)), [(2, 1, 2, 3)]),
        (CumulativeSum(0), [(3, 2)]),
        (Extreme("max", (0, 2)), [(2, 3, 4)]),
        (Extreme("min", None, True), [(2, 3)]),
        (Product((1,)), [(2, 3, 2)]),
        (Product(None, True), [(5,)]),
        (Clip(-1.0, 0.5), [(4, 5)]),
        (ConvTranspose2d((2, 1), (1, 0), (1, 0)), [(2, 3, 3, 2), (3, 2, 3, 2)]),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_operations_on_floats(op, shapes):
    assert_gradients(op, *(values(*shape, seed=i) + 0.1 for i, shape in enumerate(shapes)))


def test_operations_with_other_inputs():
    mask, index = values(3, 4) > 0, np.array([[2, 0], [1, 1]])
    assert_gradients(Where(), mask, values(3, 4, seed=1), values(4, seed=2), constant=(0,))
    assert_gradients(PowerOf(), values(3, low=0.5, high=2), values(2, 3, seed=3))
    assert_gradients(Gather(1), values(2, 3), index, constant=(1,))
    assert_gradients(
        Scatter(1), values(2, 3), np.array([[2, 0], [1, 0]]), values(2, 2, seed=4), constant=(1,)
    )
    assert_gradients(SetItem((slice(None), 1)), values(2, 3), values(2, seed=5))
    assert_gradients(Inverse(), values(3, 3) + 3 * np.eye(3))


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_the_gradient_of_a_product_with_zeros(zeros):
    x = np.array([2.0, 3.0, 4.0])
    x[:zeros] = 0.0
    assert_gradients(Product(), x)


def test_conversions_pass_gradients_between_floating_types_only():
    op = AsType(np.dtype(np.float16))
    _, saved = op.forward(np.ones(2, np.float32))
    (grad,) = op.backward(saved, np.ones(2, np.float16), [True])
    assert grad.dtype == np.float32
    _, saved = AsType(np.dtype(np.int32)).forward(np.ones(2, np.float32))
    assert AsType(np.dtype(np.int32)).backward(saved, np.ones(2), [True]) == (None,)


@pytest.mark.parametrize("size", [(4, 4), (5, 3), (1, 1), (7, 6)])
@pytest.mark.parametrize("parts", [(1, 1), (2, 3), (3, 2)])
def test_adaptive_pooling_divides_the_image(size, parts):
    x = values(2, 3, *size).astype(np.float32)
    for function, reduce in ((F.adaptive_avg_pool2d, np.mean), (F.adaptive_max_pool2d, np.max)):
        actual = function(tensor(x), parts).numpy()
        for i, j in np.ndindex(parts):
            top, bottom = i * size[0] // parts[0], -(-(i + 1) * size[0] // parts[0])
            left, right = j * size[1] // parts[1], -(-(j + 1) * size[1] // parts[1])
            window = x[:, :, top:bottom, left:right]
            np.testing.assert_allclose(actual[:, :, i, j], reduce(window, (2, 3)), rtol=1e-5)


@pytest.mark.parametrize(("dilation", "stride", "padding"), [((2, 1), 1, 0), ((1, 3), 2, 2)])
def test_dilated_convolution_is_one_with_a_stretched_window(dilation, stride, padding):
    x, weight = values(2, 3, 9, 8).astype("f4"), values(4, 3, 2, 3, seed=1).astype("f4")
    wide = np.zeros((4, 3, dilation[0] + 1, 2 * dilation[1] + 1), np.float32)
    wide[:, :, :: dilation[0], :: dilation[1]] = weight
    expected, _ = Conv2d((stride, stride), (padding, padding)).forward(x, wide)
    actual = F.conv2d(x, weight, None, stride, padding, dilation)
    np.testing.assert_array_equal(actual.numpy(), expected)


def test_sorting_keeps_the_order_of_equal_elements():
    x = tensor([2.0, 1.0, 2.0, 1.0])
    assert F.argsort(x).tolist() == [1, 3, 0, 2]
    assert F.argsort(x, descending=True).tolist() == [0, 2, 1, 3]
    values_, order = F.topk(x, 2, kth_only=True)
    assert (values_.item(), order.item()) == (2.0, 2)


def test_nan_and_infinity_stay_visible():
    x = tensor([math.nan, -math.inf, math.inf])
    assert np.isnan(F.clip(x, -1, 1).numpy()).tolist() == [True, False, False]
    assert np.isnan(F.maximum(x, 0.0).numpy()).tolist() == [True, False, False]
    assert F.leaky_relu(x).tolist()[1:] == [-math.inf, math.inf]
    assert math.isnan(F.max(x).item())
    assert F.logsumexp(tensor([[math.inf, 0.0], [-math.inf, -math.inf]]), 1).tolist() == [
        math.inf,
        -math.inf,
    ]
    assert F.softplus(tensor([1000.0, -1000.0])).tolist() == [1000.0, 0.0]


def test_empty_tensors():
    nothing = F.zeros((0, 3))
    assert F.concat([nothing, nothing]).shape == (0, 3)
    assert (nothing + 1.0).shape == F.relu(nothing).shape == (0, 3)
    assert F.sum(nothing, 0).tolist() == [0.0, 0.0, 0.0]
    assert F.cumsum(nothing, 0).shape == F.sort(nothing)[0].shape == (0, 3)
    with pytest.raises(ShapeError, match=r"max: there is no element in the shape \(0, 3\)"):
        F.max(nothing, 0)
    with pytest.raises(ShapeError, match="argmax: there is no element"):
        F.argmax(nothing)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: F.concat([]), CoreError, "concat: needs at least one tensor"),
        (lambda x: F.concat([x, F.ones((3, 1))]), ShapeError, "do not fit along axis 0"),
        (lambda x: F.stack([x, F.ones(2)]), ShapeError, "stack: the shapes differ"),
        (lambda x: F.squeeze(x, 0), ShapeError, "does not have size 1"),
        (lambda x: F.expand_dims(x, 5), ShapeError, "has no place 5"),
        (lambda x: F.broadcast_to(x, (4, 5)), ShapeError, "broadcast_to"),
        (lambda x: F.topk(x, 4), ShapeError, "topk: the shape"),
        (lambda x: F.gather(x, 1, tensor([[3], [0]])), IndexRangeError, "it must be 0 to 2"),
        (lambda x: F.gather(x, 1, tensor([0])), ShapeError, "which does not fit"),
        (lambda x: F.one_hot(tensor([3]), 3), CoreError, "they must be 0 to 2"),
        (lambda x: F.where(x, x, x), CoreError, "the mask is float32; it must be bool"),
        (F.clip, CoreError, "clip: takes a lower or an upper number"),
        (lambda x: F.pad(x, ((1, 1),), "wrap"), CoreError, "mode is one of constant"),
        (lambda x: F.arange(0, 1, 0), CoreError, "a step that is not 0"),
        (F.matinv, ShapeError, "the matrices are square"),
        (lambda x: F.nn.group_norm(x, 2, False), ShapeError, "2 groups do not divide"),
        (lambda x: F.loss.hinge_loss(x, x, norm="L3"), CoreError, "the norm is 'L1' or 'L2'"),
        (lambda x: x & x, CoreError, "bitwise_and: takes whole numbers or booleans"),
        (lambda x: x[x], IndexRangeError, "an index holds whole numbers"),
        (lambda x: x == None, CoreError, "compare with `is None`"),  # noqa: E711
        (lambda x: F.conv_transpose2d(x, x), ShapeError, "conv_transpose2d: the input has shape"),
    ],
)
def test_refusals_name_what_was_given(make, error, message):
    with pytest.raises(error, match=message):
        make(Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
