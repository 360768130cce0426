"""Tensors: what they are made of, operators, and the way back to NumPy."""

import numpy as np
import pytest

import tuitrain_core
from tuitrain_core import CoreError, Parameter, ShapeError, Tensor, tensor
from tuitrain_core.autodiff import GradManager


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        ([1.5, 2.0], "float32"),
        ([1, 2], "int32"),
        (np.ones(2), "float32"),
        (np.ones(2, np.int64), "int32"),
        (np.float64(2.0), "float32"),
        (np.ones(2, np.uint8), "uint8"),
        (np.float32(2.0), "float32"),
        (True, "bool"),
    ],
)
def test_dtypes(data, dtype):
    assert tensor(data).dtype == dtype


@pytest.mark.parametrize("kind", [Tensor, Parameter])
def test_a_tensor_shares_no_memory_with_its_array(kind):
    array = np.zeros(3, np.float32)
    made = kind(array)
    array[0] = 1.0
    assert made.numpy()[0] == 0.0


def test_another_dtype_is_kept_if_it_is_asked_for():
    assert Tensor(np.ones(2), "float64").dtype == np.float64
    assert Tensor([1, 2], np.int64).dtype == np.int64
    assert (Tensor(np.ones(2), "float64") * tensor([1, 2])).dtype == np.float64


def test_data_that_a_tensor_cannot_hold():
    with pytest.raises(CoreError, match="a tensor holds numbers, but was given list"):
        tensor(["a", "b"])
    with pytest.raises(CoreError, match="a parameter holds floating-point numbers"):
        Parameter([1, 2])


def test_tensor_is_the_function_and_the_module_stays_importable():
    from tuitrain_core.tensor import Tensor as SameTensor

    assert callable(tuitrain_core.tensor)
    assert SameTensor is Tensor


def test_operators_with_numbers_and_arrays_on_either_side():
    x = tensor([1.0, 2.0, 4.0])
    array = np.array([1.0, 1.0, 2.0], np.float32)
    cases = [
        (x + 1, [2, 3, 5]),
        (1 + x, [2, 3, 5]),
        (x - 1, [0, 1, 3]),
        (1 - x, [0, -1, -3]),
        (x * 2, [2, 4, 8]),
        (x / 2, [0.5, 1, 2]),
        (4 / x, [4, 2, 1]),
        (-x, [-1, -2, -4]),
        (x**2, [1, 4, 16]),
        (array + x, [2, 3, 6]),
        (array - x, [0, -1, -2]),
        (array * x, [1, 2, 8]),
        (array / x, [1, 0.5, 0.5]),
        (np.float32(2.0) * x, [2, 4, 8]),
    ]
    for result, expected in cases:
        assert isinstance(result, Tensor)
        assert result.dtype == np.float32
        np.testing.assert_array_equal(result.numpy(), np.array(expected, np.float32))


def test_an_array_on_the_left_does_not_lose_the_gradient():
    x = Parameter([1.0, 2.0])
    with GradManager().attach(x) as gm:
        gm.backward((np.array([3.0, 4.0], np.float32) * x).sum())
    np.testing.assert_array_equal(x.grad.numpy(), [3.0, 4.0])


def test_products_reductions_shapes_and_parts():
    x = tensor(np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal((x @ x.transpose()).numpy(), [[5, 14], [14, 50]])
    assert x.sum().item() == 15.0
    assert x.mean(axis=1).numpy().tolist() == [1.0, 4.0]
    assert x.sum(axis=0, keepdims=True).shape == (1, 3)
    assert x.reshape(3, -1).shape == x.reshape((3, 2)).shape == (3, 2)
    assert x.transpose(1, 0).shape == (3, 2)
    assert x[1, tensor([0, 2])].numpy().tolist() == [3.0, 5.0]
    assert [row.numpy().tolist() for row in x] == [[0, 1, 2], [3, 4, 5]]
    assert len(x) == 2


def test_conversions():
    one = tensor(2.5)
    assert (float(one), int(one), bool(one), one.item()) == (2.5, 2, True, 2.5)
    assert np.asarray(tensor([1, 2])).tolist() == [1, 2]
    assert tensor([1.7]).astype("int64").numpy().tolist() == [1]
    with pytest.raises(TypeError, match="without axes"):
        len(one)


def test_it_prints_as_the_values_it_holds():
    assert repr(tensor([0.0, -0.01021])) == "Tensor([ 0.     -0.0102], dtype=float32)"
    assert repr(Parameter([1.0])) == "Parameter([1.], dtype=float32)"


def test_set_value_writes_in_place_and_checks_the_shape():
    parameter = Parameter([1.0, 2.0])
    memory = parameter.memory()
    parameter.set_value(tensor([3.0, 4.0]))
    assert memory.tolist() == [3.0, 4.0]
    with pytest.raises(CoreError, match=r"shape \(2,\), but was given \(3,\)"):
        parameter.set_value(np.ones(3))


def test_a_shape_that_does_not_fit():
    with pytest.raises(ShapeError, match="add"):
        tensor([1.0, 2.0]) + tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("data", "dtype", "message"),
    [
        ([[1], [1, 2]], None, "inhomogeneous"),
        (1.0, "flaot32", "flaot32"),
        (300, "uint8", "out of bounds"),
    ],
)
def test_errors_name_the_reason(data, dtype, message):
    with pytest.raises(CoreError, match=f"no tensor can be made of .*{message}"):
        tensor(data, dtype)


@pytest.mark.parametrize("data", [None, "2", ["a"], [1.0, None], 1j, np.array([None])])
@pytest.mark.parametrize("dtype", [None, "float32"])
def test_a_dtype_does_not_convert_other_types_to_numbers(data, dtype):
    with pytest.raises(CoreError, match="a tensor holds numbers, but was given"):
        tensor(data, dtype)


def test_nothing_cannot_be_added():
    with pytest.raises(CoreError, match="an operand is None"):
        tensor([1.0]) + None


def test_numbers_in_another_byte_order_are_converted():
    x = Tensor(np.array([1.5, -2.0], ">f4"))
    assert x.dtype.isnative
    assert x.numpy().tolist() == [1.5, -2.0]


def test_several_elements_are_not_one_value():
    x = tensor([[1.0, 2.0]])
    for convert in (Tensor.item, float, int, bool):
        with pytest.raises(ShapeError, match=r"a tensor of shape \(1, 2\) is not a single value"):
            convert(x)


def test_an_array_on_the_left_of_a_product_does_not_lose_the_gradient():
    x = Parameter([[1.0], [2.0]])
    with GradManager().attach(x) as gm:
        product = np.array([[3.0, 4.0]]) @ x
        gm.backward(product)
    assert (product.item(), product.dtype) == (11.0, np.float32)
    np.testing.assert_array_equal(x.grad.numpy(), [[3.0], [4.0]])


def test_whole_numbers_stay_whole_when_negated():
    assert (-tensor([1, 2])).dtype == np.int32


def test_shapes_and_orders_come_one_by_one_or_together():
    x = tensor(np.arange(6.0).reshape(2, 3))
    for shape in ((3, 2), [3, 2], (np.int64(3), -1)):
        assert x.reshape(shape).shape == x.reshape(*shape).shape == (3, 2)
    for order in ((1, 0), [1, 0]):
        np.testing.assert_array_equal(x.transpose(order).numpy(), x.numpy().T)
    assert tensor(1.0).transpose(()).shape == ()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda x: x.reshape(3.0, 2), r"the shape is a whole number or .* given \(3\.0, 2\)"),
        (lambda x: x.reshape("6"), "the shape is a whole number"),
        (lambda x: x.transpose(0, "1"), "the order of the axes is a whole number"),
        (lambda x: x.sum(1.5), "axis is a whole number or a sequence of them, but was given 1.5"),
        (lambda x: x.mean((0, None)), "axis is a whole number"),
    ],
)
def test_sizes_and_axes_that_are_no_whole_numbers(ask, message):
    with pytest.raises(CoreError, match=message):
        ask(tensor(np.ones((2, 3))))


def test_set_value_refuses_other_types_and_keeps_the_values():
    parameter = Parameter([1.0, 2.0])
    with pytest.raises(CoreError, match="a tensor holds numbers"):
        parameter.set_value(["a", "b"])
    assert parameter.numpy().tolist() == [1.0, 2.0]
    wide = Parameter(np.zeros(1))
    wide.set_value([0.1])
    assert wide.numpy()[0] == 0.1


@pytest.mark.parametrize("value", [2**40, [1, -(2**31) - 1], np.array([2**31])])
def test_whole_numbers_that_int32_has_no_room_for_are_an_error(value):
    with pytest.raises(CoreError, match=r"int32, which has no room for -?[0-9]+; give dtype"):
        tensor(value)
    assert tensor(value, dtype="int64").numpy().tolist() == np.array(value).tolist()
