"""Reductions, other shapes, and parts of arrays."""

import numpy as np
import pytest

from tests.core.ops.op_contract import assert_gradients
from tuitrain_core import CoreError, ShapeError, Tensor
from tuitrain_core import functional as F
from tuitrain_core.ops import reduction, shape


def values(*sizes):
    return np.random.default_rng(5).standard_normal(sizes)


@pytest.mark.parametrize("kind", [reduction.Sum, reduction.Mean])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, (0,), (-1,), (0, 2), (1, -1), ()])
def test_reductions_along_axes(kind, keepdims, axis):
    x = values(3, 1, 5)
    op = kind(axis, keepdims)
    output, _ = op.forward(x)
    reduced = range(3) if axis is None else [i % 3 for i in axis]
    target = np.zeros(tuple(1 if i in reduced else n for i, n in enumerate(x.shape)))
    for place in np.ndindex(x.shape):
        target[tuple(0 if i in reduced else at for i, at in enumerate(place))] += x[place]
    if kind is reduction.Mean:
        target /= x.size / target.size
    expected = target if keepdims else np.squeeze(target, tuple(reduced))
    np.testing.assert_allclose(output, expected, rtol=1e-12)
    assert_gradients(op, x)


def test_reductions_of_a_single_number():
    assert_gradients(reduction.Sum(), values())
    assert_gradients(reduction.Mean(), values())


@pytest.mark.parametrize(("axis", "expected"), [(None, None), (1, (1,)), ([0, 2], (0, 2))])
def test_axes_become_a_tuple(axis, expected):
    assert reduction.as_axes(axis) == expected


def test_axes_that_do_not_exist_or_repeat_are_named():
    with pytest.raises(ShapeError, match=r"sum: there is no axis 2 in the shape \(3, 4\)"):
        reduction.Sum((2,)).forward(values(3, 4))
    with pytest.raises(ShapeError, match="name one axis of"):
        reduction.Mean((0, -2)).forward(values(3, 4))


def test_the_average_of_nothing_is_an_error():
    with pytest.raises(ShapeError, match="nothing to average"):
        reduction.Mean().forward(values(0, 4))


@pytest.mark.parametrize("sizes", [(6, 2), (-1,), (2, -1, 3), (1, 12, 1)])
def test_reshape(sizes):
    x = values(3, 4)
    np.testing.assert_array_equal(shape.Reshape(sizes).forward(x)[0].reshape(-1), x.reshape(-1))
    assert_gradients(shape.Reshape(sizes), x)


def test_reshape_to_another_number_of_elements_is_an_error():
    with pytest.raises(ShapeError, match=r"the 12 elements of shape \(3, 4\) do not fit \(5, 2\)"):
        shape.Reshape((5, 2)).forward(values(3, 4))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, -1, (24,)), (1, -1, (2, 12)), (0, 1, (6, 4)), (1, 1, (2, 3, 4)), (-2, -1, (2, 12))],
)
def test_flatten(start, end, expected):
    op = shape.Flatten(start, end)
    assert op.forward(values(2, 3, 4))[0].shape == expected
    assert_gradients(op, values(2, 3, 4))


def test_flatten_of_an_empty_batch_keeps_the_size_of_a_sample():
    assert shape.Flatten(1).forward(values(0, 3, 4))[0].shape == (0, 12)


def test_flatten_with_its_axes_reversed_is_an_error():
    with pytest.raises(ShapeError, match="axis 2 comes after 1"):
        shape.Flatten(2, 1).forward(values(2, 3, 4))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (-1, 1, 0)])
def test_transpose(order):
    x = values(2, 3, 4)
    output, _ = shape.Transpose(order).forward(x)
    for place in np.ndindex(x.shape):
        assert output[tuple(place[i] for i in order)] == x[place]
    assert_gradients(shape.Transpose(order), x)


@pytest.mark.parametrize("order", [(0, 1), (0, 0, 1)])
def test_transpose_must_name_each_axis_once(order):
    with pytest.raises(ShapeError, match="does not order the axes"):
        shape.Transpose(order).forward(values(2, 3, 4))


INDICES = [
    1,
    -1,
    slice(1, 3),
    (slice(None, None, -1), 2),
    (..., None, 0),
    [0, 0, 2],
    (np.array([1, 1]), np.array([3, 3])),
    np.array([True, False, True]),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_index_takes_what_numpy_takes_and_repeated_elements_add_up(index):
    x = values(3, 4)
    np.testing.assert_array_equal(shape.Index(index).forward(x)[0], x[index])
    assert_gradients(shape.Index(index), x)


def test_an_index_that_does_not_fit_is_named():
    with pytest.raises(CoreError, match=r"index: 7 does not fit the shape \(3, 4\)"):
        shape.Index(7).forward(values(3, 4))


@pytest.mark.parametrize("axis", [1.0, "1", None, True])
def test_an_axis_that_is_no_whole_number_is_named(axis):
    x = Tensor(values(3, 4))
    softmax = [("softmax", lambda: F.softmax(x, axis))] if axis is not None else []
    for name, ask in (
        *softmax,
        ("flatten", lambda: F.flatten(x, 0, axis)),
        ("cross_entropy", lambda: F.cross_entropy(x, [0, 1, 2], axis)),
    ):
        with pytest.raises(CoreError, match=f"{name}: an axis is a whole number, but was given"):
            ask()
